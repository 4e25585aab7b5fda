/** What checks need to know. What is not known is said: silence must never read as "all is well". */
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'

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
    why: 'no connection to the API server is made',
    remedy: 'kubectl get cm -A --field-selector metadata.name=kube-root-ca.crt -o yaml',
  },
]

export function notLookedAt(evidence: Evidence): readonly NotLookedAt[] {
  const lacking = Object.values<NeedSpec>(NEEDS).flatMap(({ what, lacking, remedy }) => {
    const why = lacking(evidence)
    return why === undefined ? [] : [{ what, why, remedy: remedy(evidence) }]
  })
  return [...lacking, ...externalEtcd(evidence), ...ELSEWHERE]
}

/** There is no row for the client certificate of an etcd that runs elsewhere: kubeadm does not keep it. */
function externalEtcd({ snapshot: { locations, pods, role } }: Evidence): readonly NotLookedAt[] {
  if (locations.etcd.value !== 'external' || role !== 'control-plane') return []
  const server = pods.find(({ value }) => value.component === 'kube-apiserver')
  const file = server?.value.flags.get('etcd-certfile')
  return [
    {
      what: "etcd, which runs elsewhere, and the API server's client certificate for it",
      why: 'kubeadm does not keep it',
      remedy: `openssl x509 -noout -enddate -in ${shellWord(file ?? 'the file of --etcd-certfile')}`,
    },
  ]
}
