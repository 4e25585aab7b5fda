/** Watches: what changes, as it changes. A server that ends or goes away is asked again until the signal says stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PkiError } from '../errors.ts'
import { named, withoutSecrets } from '../foreign-text.ts'
import { isMapping, type Mapping, mappingAt, parseJson, stringAt } from '../kubernetes/yaml.ts'
import type { AccessQuestion } from '../pki/csr/access.ts'
import type { Client } from './client.ts'

export interface Watching {
  readonly path: string
  readonly question: AccessQuestion
  readonly fieldSelector?: string | undefined
  readonly signal: AbortSignal
}

export interface ObjectEvent {
  /** A bookmark has a resourceVersion to go on from, and no more. */
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: Mapping
}

/** Seconds until the server ends a watch: it is then asked again. */
const ROUND = 60

const TYPES: readonly string[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'] satisfies ObjectEvent['type'][]

/**
 * The events after a state, or without one what there is as ADDED and then what changes; ends when the server ends it.
 * Throws LIST_EXPIRED where it no longer knows that state.
 */
export async function* eventsAfter(
  client: Client,
  resourceVersion: string | undefined,
  { path, question, fieldSelector, signal }: Watching,
): AsyncGenerator<ObjectEvent> {
  const query = { watch: 1, resourceVersion, fieldSelector, timeoutSeconds: ROUND, allowWatchBookmarks: 1 }
  const longest = ROUND * 1000 + client.target.timeout
  for await (const line of client.follow({ method: 'GET', path, query, question, signal, longest })) {
    const event = parseJson(line)
    const type = stringAt(event, 'type')
    const object = mappingAt(event, 'object')
    if (type === 'ERROR') throw watchFailure(object, client)
    if (TYPES.includes(type ?? '')) yield { type: type as ObjectEvent['type'], object }
  }
}

function watchFailure(status: Mapping, { target }: Client): PkiError {
  const code = status.code === 410 ? 'LIST_EXPIRED' : 'CLUSTER_REFUSED'
  const said = named((stringAt(status, 'message') ?? 'no reason given').slice(0, 290))
  return new PkiError(code, `${withoutSecrets(target.context.server)}: the watch ended: ${said}`)
}

export function versionOf(object: unknown): string | undefined {
  return stringAt(mappingAt(isMapping(object) ? object : {}, 'metadata'), 'resourceVersion')
}

/** A server that has just started refuses what it will allow. */
const MOST_REFUSALS = 8
const LONGEST_PAUSE = 5_000

interface Repetition {
  readonly signal: AbortSignal
  readonly onNote: (message: string) => void
  /** The server was just there: the first round waits for it too. */
  readonly wasThere: boolean
}

/** Repeats rounds until one says that it is done, or the signal does. Whatever else the first round meets ends it. */
export async function* repeated<T>(
  round: () => AsyncGenerator<T, boolean>,
  { signal, onNote, wasThere }: Repetition,
): AsyncGenerator<T> {
  let isFirst = true
  let isAway = false
  for (let failures = 0, refusals = 0; !signal.aborted; ) {
    const rounds = round()
    try {
      for (let step = await rounds.next(); ; step = await rounds.next()) {
        if (isAway) onNote('the API server answers again')
        isAway = false
        failures = 0
        if (step.done && step.value) return
        if (step.done) break
        isFirst = false
        yield step.value
      }
      isFirst = false
      refusals = 0
      await pause(250, signal)
    } catch (error) {
      if (!(error instanceof PkiError)) throw error
      if (isFirst && !(wasThere && AWAY.has(error.code))) throw error
      isFirst = false
      // Whoever may read and not watch has something of every round, and never a whole one.
      refusals = REFUSALS.has(error.code) ? refusals + 1 : 0
      if (refusals > MOST_REFUSALS || !PASSING.has(error.code)) throw error
      if (!isAway) onNote(`${error.message}; asking again`)
      isAway = true
      failures += 1
      await pause(Math.min(LONGEST_PAUSE, 250 * 2 ** failures), signal)
    } finally {
      // Whoever wants no more ends this one alone; an answer that is left open would keep the process.
      await rounds.return(true).catch(() => undefined)
    }
  }
}

/** A kubeconfig, too: its certificate and its key may be replaced one after the other. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['UNAUTHORIZED', 'FORBIDDEN', 'CLUSTER_UNTRUSTED', 'KUBECONFIG_UNUSABLE'],
])
/** Also one that is about to go away, or only comes, answers; and its credentials may come over a network too. */
export const AWAY: ReadonlySet<string> = new Set([
  'CLUSTER_UNREACHABLE',
  'CLUSTER_REFUSED',
  'CREDENTIAL_PLUGIN_FAILED',
])
const PASSING: ReadonlySet<string> = new Set([...REFUSALS, ...AWAY, 'LIST_EXPIRED'])

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
}
