/** Flags without which a component does not start, trusts nobody, or is trusted by nobody. */
import { impactOf } from '../../inventory/names.ts'
import { isAtLeast, parseVersion } from '../../kubernetes/version.ts'
import type { Evidence } from '../evidence.ts'
import type { Severity } from '../finding.ts'
import { type PlacedPod, podOf, type Snapshot } from '../snapshot.ts'

interface Flag {
  readonly flag: string
  /** Of the row's location. */
  readonly side?: 'certificate' | 'key'
}

/** Told where none of them is there. */
interface NeededFlags {
  readonly component: string
  readonly flags: readonly Flag[]
  /** The row it is about: without one, the component. */
  readonly row?: string
  readonly severity: Severity
  readonly impact: string
  readonly isNeeded?: (pod: PlacedPod, snapshot: Snapshot) => boolean
}

export interface MissingFlags extends Pick<NeededFlags, 'flags' | 'row' | 'severity' | 'impact'> {
  readonly pod: PlacedPod
}

export function neededFlags({ snapshot }: Evidence): readonly MissingFlags[] {
  return NEEDED.flatMap(({ component, isNeeded = () => true, ...needed }) => {
    const pod = podOf(snapshot, component)
    if (!pod || pod.value.flags.size === 0 || needed.flags.some(({ flag }) => hasFlag(pod, flag))) return []
    return isNeeded(pod, snapshot) ? { ...needed, pod } : []
  })
}

/** An empty value is none. */
export function hasFlag({ value }: PlacedPod, flag: string): boolean {
  return (value.flags.get(flag) ?? '') !== ''
}

const pairOf = (certificate: string, key: string): readonly Flag[] => [
  { flag: certificate, side: 'certificate' },
  { flag: key, side: 'key' },
]

const API = { component: 'kube-apiserver' } as const
const MANAGER = { component: 'kube-controller-manager', severity: 'info' } as const
const ETCD = { component: 'etcd', severity: 'error', impact: 'etcd does not start again' } as const

/** Since 1.20; a key elsewhere may sign since 1.32. */
function signsTokens(pod: PlacedPod): boolean {
  const version = parseVersion(pod.value.version ?? '')
  const isOld = version !== undefined && !isAtLeast(version, '1.20.0')
  return !isOld && !hasFlag(pod, 'service-account-signing-endpoint')
}

const hasUrls = (pod: PlacedPod, flag: string) => /(^|,)\s*https:/.test(pod.value.flags.get(flag) ?? '')

/** What an etcd on another host wants is not seen from here. */
function isAskedByEtcd(pod: PlacedPod, snapshot: Snapshot): boolean {
  const etcd = podOf(snapshot, 'etcd')
  const isAsking =
    etcd !== undefined &&
    (hasFlag(etcd, 'trusted-ca-file') || etcd.value.flags.get('client-cert-auth') === 'true')
  return isAsking && hasUrls(pod, 'etcd-servers')
}

/** A file or an automatic certificate may say it in their place. */
function servesTls(listen: string, automatic: string): (pod: PlacedPod) => boolean {
  return pod =>
    hasUrls(pod, listen) && !hasFlag(pod, 'config-file') && pod.value.flags.get(automatic) !== 'true'
}

const NEEDED: readonly NeededFlags[] = [
  {
    ...{ ...API, flags: [{ flag: 'client-ca-file', side: 'certificate' }], row: 'ca', severity: 'error' },
    impact: 'the API server refuses every client certificate: admin.conf, kubelets, the control plane itself',
  },
  {
    ...{
      ...API,
      flags: pairOf('tls-cert-file', 'tls-private-key-file'),
      row: 'apiserver',
      severity: 'error',
    },
    impact: 'the API server makes a certificate of its own, which no kubeconfig trusts',
    isNeeded: pod => !hasFlag(pod, 'cert-dir') && !hasFlag(pod, 'tls-sni-cert-key'),
  },
  {
    ...{ ...API, flags: pairOf('kubelet-client-certificate', 'kubelet-client-key'), severity: 'warning' },
    ...{ row: 'apiserver-kubelet-client', impact: impactOf('apiserver-kubelet-client') },
  },
  {
    ...{
      ...API,
      flags: [{ flag: 'requestheader-client-ca-file', side: 'certificate' }],
      severity: 'warning',
    },
    ...{ row: 'front-proxy-ca', impact: impactOf('front-proxy-ca') },
  },
  {
    ...{ ...API, flags: pairOf('proxy-client-cert-file', 'proxy-client-key-file'), severity: 'warning' },
    ...{ row: 'front-proxy-client', impact: impactOf('front-proxy-client') },
    isNeeded: pod => hasFlag(pod, 'requestheader-client-ca-file'),
  },
  {
    ...{ ...API, flags: pairOf('etcd-certfile', 'etcd-keyfile'), severity: 'error', isNeeded: isAskedByEtcd },
    ...{ row: 'apiserver-etcd-client', impact: impactOf('apiserver-etcd-client') },
  },
  {
    ...{ ...API, flags: [{ flag: 'etcd-cafile', side: 'certificate' }], row: 'etcd-ca', severity: 'error' },
    ...{ impact: 'the API server refuses the certificate of etcd', isNeeded: isAskedByEtcd },
  },
  {
    ...{
      ...API,
      flags: [{ flag: 'service-account-signing-key-file', side: 'key' }],
      row: 'sa',
      severity: 'error',
    },
    ...{ impact: 'the API server does not start again', isNeeded: signsTokens },
  },
  {
    ...{ ...API, flags: [{ flag: 'service-account-issuer' }], severity: 'error', isNeeded: signsTokens },
    impact: 'the API server does not start again',
  },
  {
    ...{
      ...API,
      flags: [{ flag: 'service-account-key-file', side: 'certificate' }],
      row: 'sa',
      severity: 'error',
    },
    ...{ impact: 'the API server refuses the tokens of pods', isNeeded: signsTokens },
  },
  {
    ...{ ...ETCD, flags: pairOf('cert-file', 'key-file'), row: 'etcd-server' },
    isNeeded: servesTls('listen-client-urls', 'auto-tls'),
  },
  {
    ...{ ...ETCD, flags: pairOf('peer-cert-file', 'peer-key-file'), row: 'etcd-peer' },
    isNeeded: servesTls('listen-peer-urls', 'peer-auto-tls'),
  },
  {
    ...{ ...MANAGER, flags: [{ flag: 'service-account-private-key-file', side: 'key' }], row: 'sa' },
    impact: 'Secrets of service accounts get no token',
  },
  {
    ...{ ...MANAGER, flags: [{ flag: 'root-ca-file', side: 'certificate' }], row: 'ca' },
    impact: "pods are given the CA of the controller manager's kubeconfig",
  },
]
