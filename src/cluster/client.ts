/** Asks the API server: paths and verbs in, objects out. Credentials that are no longer taken are had anew, once. */

import type { IncomingMessage } from 'node:http'
import { firstToAbort } from '../abort.ts'
import { parseJson } from '../kubernetes/yaml.ts'
import type { AccessQuestion } from '../pki/csr/access.ts'
import type { Access } from './access.ts'
import { connectionFailure, noApiServer } from './connection-failures.ts'
import { refusal } from './failures.ts'
import type { ClusterTarget } from './target.ts'
import { type Answer, bodyOf, type Call, linesOf, open, send } from './transport.ts'

export interface ApiCall {
  readonly method: Call['method']
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: object
  /** For messages, and for the rule that is missing. */
  readonly question: AccessQuestion
  /** Of a call that goes on: ends it. */
  readonly signal?: AbortSignal
}

export interface Client {
  readonly target: ClusterTarget
  readonly access: () => Promise<Access>
  /** The object that was answered; throws a PkiError for any status but 2xx. */
  readonly call: (call: ApiCall) => Promise<unknown>
  /** Lines for as long as they come. */
  readonly follow: (call: ApiCall & { readonly longest: number }) => AsyncGenerator<string>
}

export function makeClient(
  target: ClusterTarget,
  openAccess: (target: ClusterTarget) => Promise<Access>,
): Client {
  let current: Promise<Access> | undefined
  const renewed = (): Promise<Access> => {
    const opening = openAccess(target)
    current = opening
    // What failed once is tried again by whoever comes next.
    opening.catch(() => {
      if (current === opening) current = undefined
    })
    return opening
  }
  const access = (): Promise<Access> => current ?? renewed()
  return {
    target,
    access,
    call: async call => {
      const first = await answerTo(call, target, await access())
      const isStale = first.answer.status === 401 && isRenewable(target)
      const { answer, access: used } = isStale ? await answerTo(call, target, await renewed()) : first
      if (answer.status >= 200 && answer.status < 300) return parsed(answer, target)
      throw refusal(answer, { target, access: used, question: call.question })
    },
    follow: call => follow(call, { target, access, renewed }),
  }
}

/** A certificate or a token that stands in the kubeconfig itself stays what it is. */
function isRenewable({ context: { user } }: ClusterTarget): boolean {
  return user.exec !== undefined || user.tokenFile !== undefined || user.clientCertificate?.at === 'file'
}

async function answerTo(call: ApiCall, target: ClusterTarget, access: Access) {
  const signal = AbortSignal.timeout(target.timeout)
  try {
    const answer = await send(access.options, { ...callOf(call, target), signal })
    return { answer, access }
  } catch (error) {
    // An answer that is cut short looks like a server that went away.
    throw connectionFailure(signal.aborted ? signal.reason : error, { target, access })
  }
}

function callOf(
  { method, path, query = {}, body }: ApiCall,
  { context }: ClusterTarget,
): Omit<Call, 'signal'> {
  const url = new URL(context.server + path)
  for (const [key, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(key, String(value))
  return { method, url, ...(body && { body }) }
}

function parsed({ text }: Answer, target: ClusterTarget): unknown {
  const value = parseJson(text)
  if (value !== undefined) return value
  throw noApiServer(target, 'wanted JSON, found something else')
}

interface Opened {
  readonly target: ClusterTarget
  readonly access: () => Promise<Access>
  readonly renewed: () => Promise<Access>
}

/** A server that gives no sign of life is left when the call has lasted as long as it may. */
async function* follow(
  call: ApiCall & { readonly longest: number },
  { target, access, renewed }: Opened,
): AsyncGenerator<string> {
  const left = new AbortController()
  const ended = firstToAbort([AbortSignal.timeout(call.longest), left.signal, call.signal])
  const used = await access()
  try {
    const response = await opened(call, { target, access: used, ended })
    const status = response.statusCode ?? 0
    if (status < 200 || status > 299) {
      const text = await bodyOf(response, AbortSignal.timeout(target.timeout))
      if (status === 401 && isRenewable(target)) await renewed()
      throw refusal({ status, text }, { target, access: used, question: call.question })
    }
    yield* linesOf(response)
  } catch (error) {
    if (ended.aborted) return
    throw connectionFailure(error, { target, access: used })
  } finally {
    left.abort()
  }
}

interface Opening {
  readonly target: ClusterTarget
  readonly access: Access
  readonly ended: AbortSignal
}

/** The answer has to begin in the time that any other has. */
async function opened(call: ApiCall, { target, access, ended }: Opening): Promise<IncomingMessage> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), target.timeout)
  try {
    const signal = firstToAbort([late.signal, ended])
    return await open(access.options, { ...callOf(call, target), signal })
  } finally {
    clearTimeout(timer)
  }
}
