/** What checks need to know. What is not known is said: silence must never read as "all is well". */
import { describeUnusable } from '../../errors.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { podOf } from '../snapshot.ts'
import { unseenLive } from './live-unseen.ts'

export interface NotLookedAt {
  readonly what: string
  readonly why: string
  /** How to have it looked at. */
  readonly remedy: string
}

interface NeedSpec {
  /** As the list of checks has it: `the private keys`. */
  readonly what: string
  /** Why it is not known; undefined: it is. */
  readonly lacking: (evidence: Evidence) => string | undefined
  readonly remedy: (evidence: Evidence) => string
}

export const NEEDS = {
  certificates: {
    what: 'the certificates',
    lacking: ({ snapshot, copies }) => {
      const unread = [...snapshot.entries, ...copies].filter(
        ({ certificate }) => certificate.state === 'invalid' && certificate.reason === 'PERMISSION_DENIED',
      )
      return unread.length === 0
        ? undefined
        : `no permission to read: ${unread.map(({ name }) => name).join(', ')}`
    },
    remedy: ({ snapshot }) => `sudo kubepki certs verify${snapshot.commandFlags}`,
  },
  keys: {
    what: 'the private keys',
    lacking: ({ keys }) => {
      const unread = [...keys].filter(
        ([, key]) => key.state === 'invalid' && key.reason === 'PERMISSION_DENIED',
      )
      return unread.length === 0
        ? undefined
        : `no permission to read: ${unread.map(([name]) => name).join(', ')}`
    },
    remedy: ({ snapshot }) => `sudo kubepki certs verify${snapshot.commandFlags}`,
  },
  manifests: {
    what: 'the static-pod manifests',
    lacking: ({ snapshot: { pods, role } }) =>
      pods.length > 0 || role === 'worker' ? undefined : 'no manifest of a control-plane component found',
    remedy: () => 'name the directory above "manifests" with --kubeconfig-dir',
  },
  kubelet: {
    what: "the kubelet's configuration",
    lacking: ({ snapshot, kubelet: { configuration, configurationFile } }) => {
      if (configuration.state === 'present' || snapshot.role === 'etcd') return undefined
      const why = configuration.state === 'missing' ? 'no such file' : describeUnusable(configuration)
      return `${configurationFile.path}: ${why}`
    },
    remedy: () => 'run as root on the node itself: sudo kubepki certs verify',
  },
  modes: {
    what: 'the modes and owners of files',
    lacking: ({ files }) => {
      const unseen = files.statuses.filter(
        ({ status }) => status.state === 'invalid' && status.reason === 'PERMISSION_DENIED',
      )
      return unseen.length === 0
        ? undefined
        : `no permission to look at: ${unseen.map(({ file }) => file.path).join(', ')}`
    },
    remedy: () => 'run as root: sudo kubepki certs verify',
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
    remedy: () =>
      'run as root on the node, or with the process ids of the host: sudo kubepki certs verify --live',
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
  const { kubelet, unreadableManifests } = evidence
  const { configuration } = kubelet
  const isShut =
    (configuration.state === 'invalid' && configuration.reason === 'PERMISSION_DENIED') ||
    unreadableManifests.some(({ reason }) => reason === 'PERMISSION_DENIED')
  const needs: readonly Need[] = ['certificates', 'keys', 'modes']
  return isShut || needs.some(need => NEEDS[need].lacking(evidence) !== undefined)
}

export function notLookedAt(evidence: Evidence): readonly NotLookedAt[] {
  const lacking = Object.values<NeedSpec>(NEEDS).flatMap(({ what, lacking, remedy }) => {
    const why = lacking(evidence)
    return why === undefined ? [] : [{ what, why, remedy: remedy(evidence) }]
  })
  return [...lacking, ...unseenLive(evidence), ...externalEtcd(evidence), ...ELSEWHERE]
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
