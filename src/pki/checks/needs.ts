/** What checks need to know. What is not known is said: silence must never read as "all is well". */
import { describeUnusable } from '../../errors.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { podOf } from '../snapshot.ts'
import { unseenLive } from './live-unseen.ts'
import { isOfRow } from './manifest-files.ts'

export interface NotLookedAt {
  readonly what: string
  readonly why: string
  /** How to have it looked at. */
  readonly remedy: string
}

interface NeedSpec {
  /** As the list of checks has it: `the private keys`. */
  readonly what: string
  /** What is there and may not be read: rows, or paths. */
  readonly denied?: (evidence: Evidence) => readonly string[]
  /** Why it is not known otherwise; undefined: it is. */
  readonly lacking?: (evidence: Evidence) => string | undefined
  /** Where permission is not what lacks. */
  readonly remedy?: (evidence: Evidence) => string
}

type Unread = { readonly state: string; readonly reason?: string }
const isDenied = (found: Unread | undefined) =>
  found?.state === 'invalid' && found.reason === 'PERMISSION_DENIED'

export const NEEDS = {
  certificates: {
    what: 'the certificates',
    denied: ({ snapshot, copies }) =>
      [...snapshot.entries, ...copies]
        .filter(({ certificate }) => isDenied(certificate))
        .map(({ name }) => name),
  },
  keys: {
    what: 'the private keys',
    denied: ({ keys, serviceAccount: { privateKey, publicKeys } }) => [
      ...[...keys].filter(([, key]) => isDenied(key)).map(([name]) => name),
      ...(isDenied(privateKey) || isDenied(publicKeys) ? ['sa'] : []),
    ],
  },
  manifests: {
    what: 'the static-pod manifests',
    denied: ({ unreadableManifests }) =>
      unreadableManifests.filter(({ reason }) => reason === 'PERMISSION_DENIED').map(({ file }) => file.path),
    lacking: ({ snapshot: { pods, role } }) =>
      pods.length > 0 || role === 'worker' ? undefined : 'no manifest of a control-plane component found',
    remedy: () => 'name the directory above "manifests" with --kubeconfig-dir',
  },
  flagFiles: {
    what: 'the files that the manifests name',
    denied: evidence => [
      ...new Set(
        evidence.flagFiles
          .filter(one => isDenied(one.contents) && !isOfRow(evidence, one))
          .map(({ file }) => file.path),
      ),
    ],
  },
  kubelet: {
    what: "the kubelet's configuration",
    denied: ({ kubelet: { configuration, configurationFile, ...kubelet } }) => [
      ...(isDenied(configuration) ? [configurationFile.path] : []),
      ...[kubelet.clientCa, kubelet.tlsCertificate]
        .filter(one => isDenied(one?.certificate))
        .flatMap(one => one?.file.path ?? []),
    ],
    lacking: ({ snapshot, kubelet: { configuration, configurationFile } }) => {
      if (configuration.state === 'present' || snapshot.role === 'etcd') return undefined
      const why = configuration.state === 'missing' ? 'no such file' : describeUnusable(configuration)
      return `${configurationFile.path}: ${why}`
    },
    remedy: () => 'run as root on the node itself: sudo kubepki certs verify',
  },
  modes: {
    what: 'the modes and owners of files',
    denied: ({ files }) =>
      files.statuses.filter(({ status }) => isDenied(status)).map(({ file }) => file.path),
  },
  requests: {
    what: 'the requests to an external CA',
    denied: ({ forbidden }) => forbidden.requests,
  },
  jobs: {
    what: 'jobs of kubepki that stopped half-way',
    denied: ({ forbidden }) => forbidden.backups,
  },
  configuration: {
    what: 'what the configuration asks for',
    lacking: ({ snapshot: { configuration, role } }) =>
      configuration !== undefined || role === 'worker' ? undefined : 'no --config was given',
    remedy: () =>
      "kubectl -n kube-system get cm kubeadm-config -o jsonpath='{.data.ClusterConfiguration}' > kubeadm.yaml, then kubepki certs verify --config kubeadm.yaml",
  },
  copies: {
    what: 'copies of the kubeconfigs, on this machine and others',
    lacking: ({ copies }) => (copies.length > 0 ? undefined : 'none was named'),
    remedy: () => 'kubepki certs verify --kubeconfig ~/.kube/config',
  },
  live: {
    what: 'what the processes serve',
    lacking: ({ live }) => (live ? undefined : 'no connection is made unless it is asked for'),
    remedy: ({ snapshot }) => `kubepki certs verify --live${snapshot.commandFlags}`,
  },
  processes: {
    what: 'since when the processes run',
    lacking: ({ live }) => (live && !live.processes ? '/proc does not show the processes' : undefined),
    remedy: ({ snapshot }) =>
      `run as root on the node, or with the process ids of the host: sudo kubepki certs verify --live${snapshot.commandFlags}`,
  },
} as const satisfies Record<string, NeedSpec>
export type Need = keyof typeof NEEDS

/** What no run of this command on this node sees. */
const ELSEWHERE: readonly NotLookedAt[] = [
  {
    what: 'the other nodes',
    why: 'each has its own certificates',
    remedy: 'kubepki certs verify on each of them',
  },
  {
    what: 'what the cluster itself keeps: CA bundles of webhooks and APIServices, kube-root-ca.crt, cluster-info, TLS Secrets',
    why: 'the API server is not asked',
    remedy: 'kubectl get cm -A --field-selector metadata.name=kube-root-ca.crt -o yaml',
  },
]

/** Something was there and could not be read. */
export function lacksPermission(evidence: Evidence): boolean {
  return Object.values<NeedSpec>(NEEDS).some(({ denied }) => (denied?.(evidence) ?? []).length > 0)
}

export function notLookedAt(evidence: Evidence): readonly NotLookedAt[] {
  const lacking = Object.values<NeedSpec>(NEEDS).flatMap(need => lackOf(need, evidence) ?? [])
  return [...lacking, ...unseenLive(evidence), ...externalEtcd(evidence), ...ELSEWHERE]
}

function lackOf({ what, denied, lacking, remedy }: NeedSpec, evidence: Evidence): NotLookedAt | undefined {
  const unread = denied?.(evidence) ?? []
  if (unread.length > 0) {
    const again = `sudo kubepki certs verify${evidence.snapshot.commandFlags}`
    return { what, why: `no permission to read: ${unread.join(', ')}`, remedy: again }
  }
  const why = lacking?.(evidence)
  return why === undefined ? undefined : { what, why, remedy: remedy?.(evidence) ?? '' }
}

/** There is no row for the client certificate of an etcd that runs elsewhere: kubeadm does not keep it. */
function externalEtcd({ snapshot: { locations, pods, role } }: Evidence): readonly NotLookedAt[] {
  if (locations.etcd.value !== 'external' || role !== 'control-plane') return []
  const server = podOf({ pods }, 'kube-apiserver')
  const file = server?.value.flags.get('etcd-certfile')
  return [
    {
      what: "etcd, which runs elsewhere, and the API server's client certificate for it",
      why: 'kubeadm does not keep it',
      remedy: `openssl x509 -noout -enddate -in ${shellWord(file ?? 'the file of --etcd-certfile')}`,
    },
  ]
}
