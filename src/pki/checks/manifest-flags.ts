/** Flags of the control plane that are left out, or of which only one half is there. */
import { impactOf } from '../../inventory/names.ts'
import { hostPathOf, placeOf } from '../../kubernetes/static-pod.ts'
import type { Evidence } from '../evidence.ts'
import type { NodePath } from '../locations.ts'
import { type PlacedPod, podOf } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { hasFlag, neededFlags } from './needed-flags.ts'

const API = 'kube-apiserver'
const MANAGER = 'kube-controller-manager'

/** Two flags that are of no use without each other. */
interface FlagPair {
  readonly component: string
  readonly certificate: string
  readonly key: string
  readonly row?: string
  readonly impact: string
}

const notStarting = (component: string) => `${component} does not start again`

const FLAG_PAIRS: readonly FlagPair[] = [
  ...[API, MANAGER, 'kube-scheduler'].map(component => ({
    ...{ component, certificate: 'tls-cert-file', key: 'tls-private-key-file' },
    ...(component === API && { row: 'apiserver' }),
    impact: notStarting(component),
  })),
  {
    ...{ component: API, certificate: 'kubelet-client-certificate', key: 'kubelet-client-key' },
    ...{ row: 'apiserver-kubelet-client', impact: impactOf('apiserver-kubelet-client') },
  },
  {
    ...{ component: API, certificate: 'proxy-client-cert-file', key: 'proxy-client-key-file' },
    ...{ row: 'front-proxy-client', impact: impactOf('front-proxy-client') },
  },
  {
    ...{ component: API, certificate: 'etcd-certfile', key: 'etcd-keyfile' },
    ...{ row: 'apiserver-etcd-client', impact: notStarting(API) },
  },
  ...(['', 'peer-'] as const).flatMap(prefix => [
    {
      ...{ component: 'etcd', certificate: `${prefix}cert-file`, key: `${prefix}key-file` },
      ...{ row: prefix === '' ? 'etcd-server' : 'etcd-peer', impact: notStarting('etcd') },
    },
    {
      ...{ component: 'etcd', certificate: `${prefix}client-cert-file`, key: `${prefix}client-key-file` },
      impact: notStarting('etcd'),
    },
  ]),
]

function halves({ snapshot }: Evidence): readonly Observation[] {
  return FLAG_PAIRS.flatMap(({ component, certificate, key, row, impact }) => {
    const pod = podOf(snapshot, component)
    if (!pod || hasFlag(pod, certificate) === hasFlag(pod, key)) return []
    const [given, lacking] = hasFlag(pod, certificate) ? [certificate, key] : [key, certificate]
    const pair = row === undefined ? undefined : snapshot.locations.pairs.get(row)
    const side = lacking === certificate ? pair?.certificate : pair?.key
    return {
      ...{ certificate: row ?? component, file: pod.file.path, impact },
      expected: `--${certificate} and --${key}, or neither`,
      found: `--${given} without --${lacking}`,
      remedy: put(pod, [`--${lacking}${pathFor(pod, side?.value)}`]),
    }
  })
}

function missing(evidence: Evidence): readonly Observation[] {
  return neededFlags(evidence).map(({ pod, flags, row, severity, impact }) => {
    const pair = evidence.snapshot.locations.pairs.get(row ?? '')
    const names = flags.map(({ flag }) => `--${flag}`)
    const written = flags.map(({ flag, side }) => `--${flag}${pathFor(pod, side && pair?.[side].value)}`)
    return {
      ...{ severity, certificate: row ?? pod.value.component, file: pod.file.path, impact },
      expected: `${names.join(' and ')} in ${pod.source}`,
      found: names.length === 1 ? 'no such flag' : 'neither of them',
      remedy: put(pod, written),
    }
  })
}

/** As the container sees it: only what it has under the very path of the host is sure. */
function pathFor({ value }: PlacedPod, place: NodePath | undefined): string {
  const path = place && place.within === undefined ? place.path : undefined
  const isSame = path !== undefined && placeOf(value, path) === 'host' && hostPathOf(value, path) === path
  return isSame ? `=${path}` : ''
}

function put({ file }: PlacedPod, flags: readonly string[]): string {
  return `put ${flags.join(' and ')} into ${file.path}, as another control-plane node has it`
}

export const MANIFEST_FLAG_CHECKS: readonly Check[] = [
  {
    code: 'FLAG_PAIR_HALF',
    group: 'manifests',
    severity: 'error',
    title: 'a static pod is told of a certificate without its key, or of a key without its certificate',
    needs: ['manifests'],
    remedy: 'the other flag of the pair in the manifest',
    find: halves,
  },
  {
    code: 'FLAG_MISSING',
    group: 'manifests',
    severity: 'error',
    title: 'a static pod lacks a flag that the control plane needs',
    needs: ['manifests'],
    remedy: 'the flag in the manifest',
    find: missing,
  },
]
