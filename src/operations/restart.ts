/** Restarts static pods the documented way, one at a time: the manifest away, the pod gone, the manifest back, served anew. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type EndpointAnswer, probeEndpoint } from '../cluster/endpoint.ts'
import { messageOf } from '../errors.ts'
import { type ServingEndpoint, servingEndpoint } from '../kubernetes/serving-endpoint.ts'
import { type Restart, type RestartOutcome, type RestartPlan, servedFingerprint } from '../pki/restart.ts'
import type { PlacedPod, Snapshot } from '../pki/snapshot.ts'
import { checkRestartable, hasManifestAway, putManifestBack, takeManifestAway } from '../store/manifests.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import type { Store } from '../store/state.ts'

export interface RestartOptions {
  /** Restarts the static pods that hold what was changed. */
  readonly restart?: boolean | undefined
  /** Milliseconds for a pod to stop; by default 20 s, as kubeadm's documentation has it. */
  readonly restartWait?: number | undefined
  /** Ends a restart: its manifest is put back first. */
  readonly interruption?: AbortSignal | undefined
  readonly onProgress?: ((message: string) => void) | undefined
}

const DEFAULT_WAIT = 20_000
/** An API server that waits for etcd takes a minute. */
const SERVING_TIMEOUT = 120_000
const PAUSE = 250

interface Pod {
  readonly restart: Restart
  readonly realPath: string
  readonly endpoint: ServingEndpoint | undefined
  /** Of the certificate that it is to show. */
  readonly fingerprintSha256: string | undefined
}

/** Before anything is changed: throws where a manifest could not be moved. */
export function checkRestart(store: Store, snapshot: Snapshot, { restart }: RestartPlan): void {
  for (const { realPath } of podsOf(snapshot, restart)) checkRestartable(store, realPath)
}

/** After the change, which nothing here undoes: trouble is told, not thrown. The first that fails is the last that is touched. */
export async function restartPods(
  store: Store,
  plan: RestartPlan,
  options: ReadOptions & RestartOptions,
): Promise<RestartOutcome> {
  const restarted: Restart[] = []
  const outcome = (restartFailure?: string): RestartOutcome => ({
    ...plan,
    restart: plan.restart.filter(one => !restarted.includes(one)),
    restarted: restarted.map(({ component }) => component),
    ...(restartFailure !== undefined && { restartFailure }),
  })
  try {
    for (const pod of podsOf(readSnapshot(options), plan.restart)) {
      const failure = await restartPod(store, pod, options)
      if (failure !== undefined) return outcome(`${pod.restart.component}: ${failure}`)
      restarted.push(pod.restart)
    }
    return outcome()
  } catch (error) {
    const rest = hasManifestAway(store)
      ? '; a manifest is still away: kubepki certs recover puts it back'
      : ''
    return outcome(`restart: ${messageOf(error)}${rest}`)
  }
}

function podsOf(snapshot: Snapshot, restart: readonly Restart[]): Pod[] {
  return restart.flatMap(one => {
    const pod = snapshot.pods.find(
      ({ file, value }) => file.path === one.manifest && value.component === one.component,
    )
    return pod?.file.realPath === undefined ? [] : [describePod(snapshot, pod, pod.file.realPath, one)]
  })
}

function describePod(snapshot: Snapshot, { value }: PlacedPod, realPath: string, restart: Restart): Pod {
  const fingerprintSha256 = servedFingerprint(snapshot, restart.component)
  return { restart, realPath, endpoint: servingEndpoint(value), fingerprintSha256 }
}

/** Answers with what went wrong. Whatever happens, the manifest is back in its place. */
async function restartPod(store: Store, pod: Pod, options: RestartOptions): Promise<string | undefined> {
  const { restart, realPath } = pod
  const { restartWait = DEFAULT_WAIT, interruption, onProgress } = options
  const say = (what: string) => onProgress?.(`${restart.component}: ${what}`)
  try {
    interruption?.throwIfAborted()
    const wasListening = (await probe(pod.endpoint))?.state !== 'refused'
    say(`stopping: ${realPath} is away`)
    const isStopped = await withoutManifest(store, { realPath, onProgress }, () =>
      stopped(pod, wasListening, { restartWait, interruption }),
    )
    if (!isStopped)
      return `still listening ${restartWait / 1000} s after its manifest was taken away: is the kubelet running?`
    say('stopped; its manifest is back')
    if (!(await serves(pod, interruption)))
      return `does not serve its certificate ${SERVING_TIMEOUT / 1000} s after its start`
    say(pod.endpoint ? 'is up again' : 'is started again')
    return undefined
  } catch (error) {
    if (!interruption?.aborted || hasManifestAway(store)) throw error
    return 'interrupted; its manifest is in its place'
  }
}

async function withoutManifest<T>(
  store: Store,
  { realPath, onProgress }: { realPath: string } & Pick<RestartOptions, 'onProgress'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    takeManifestAway(store, realPath)
    return await work()
  } finally {
    for (const note of putManifestBack(store)) if (note.startsWith('another')) onProgress?.(note)
  }
}

interface Waiting {
  readonly restartWait: number
  readonly interruption: AbortSignal | undefined
}

/** A pod without a port, or one that was down, is given the whole time. */
async function stopped(
  { endpoint }: Pod,
  wasListening: boolean,
  { restartWait, interruption }: Waiting,
): Promise<boolean> {
  if (endpoint && wasListening)
    return until(endpoint, answer => answer.state === 'refused', { timeout: restartWait, interruption })
  await sleep(restartWait, undefined, { signal: interruption })
  return true
}

async function serves(
  { endpoint, fingerprintSha256 }: Pod,
  interruption: AbortSignal | undefined,
): Promise<boolean> {
  if (!endpoint) return true
  const isRight = (answer: EndpointAnswer) =>
    fingerprintSha256 === undefined
      ? answer.state === 'tls' || answer.state === 'open'
      : answer.fingerprintSha256 === fingerprintSha256
  return until(endpoint, isRight, { timeout: SERVING_TIMEOUT, interruption })
}

async function until(
  endpoint: ServingEndpoint,
  isReached: (answer: EndpointAnswer) => boolean,
  { timeout, interruption }: { timeout: number; interruption: AbortSignal | undefined },
): Promise<boolean> {
  for (const deadline = AbortSignal.timeout(timeout); ; ) {
    const answer = await probe(endpoint)
    if (answer && isReached(answer)) return true
    if (deadline.aborted) return false
    await sleep(PAUSE, undefined, { signal: interruption })
  }
}

async function probe(endpoint: ServingEndpoint | undefined): Promise<EndpointAnswer | undefined> {
  return endpoint && probeEndpoint({ ...endpoint, timeout: 1_000 })
}
