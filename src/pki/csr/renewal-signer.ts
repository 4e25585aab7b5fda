/** Which signer of a cluster can renew a certificate of a node, and what of it is asked; or why none can. Pure. */
import { named } from '../../foreign-text.ts'
import { tbsPartsOf } from '../../x509/der.ts'
import { attributesOf, ORGANIZATION } from '../../x509/name.ts'
import { describeSubjectAltName, subjectAltNamesIn } from '../../x509/subject-alt-name.ts'
import { extKeyUsageIn } from '../../x509/usage.ts'
import { readableNames } from '../names-of-certificate.ts'
import { isNodes } from '../node-subject.ts'
import { extensionsAfter } from '../renewal-names.ts'
import type { RequestStep } from '../renewal-step.ts'
import { habitualUsages } from './asked.ts'
import { isReserved, KUBE_APISERVER_CLIENT, KUBELET_SERVING } from './signer-name.ts'

export interface ChosenSigner {
  readonly signerName: string
  readonly usages: readonly string[]
}

export interface NoSigner {
  readonly message: string
  readonly hint: string
}

type Renewed = Pick<RequestStep, 'name' | 'caName' | 'old' | 'names' | 'subject' | 'entry'>

/** `custom`: a signer of the user's own, which is asked for everything. */
export function renewalSigner(renewed: Renewed, custom: string | undefined): ChosenSigner | NoSigner {
  const purposes = purposesOf(renewed)
  const usages = [...new Set(purposes.flatMap(habitualUsages))].toSorted()
  if (custom !== undefined) return { signerName: custom, usages }
  const [signerName, refusals] = isKubelets(renewed)
    ? [KUBELET_SERVING, KUBELETS_REFUSALS]
    : [KUBE_APISERVER_CLIENT, REFUSALS]
  const refusal = refusals.find(({ applies }) => applies(renewed, purposes))
  return refusal ? { message: refusal.message(renewed), hint: refusal.hint(renewed) } : { signerName, usages }
}

/** What a kubelet serves with. */
function isKubelets({ entry }: Renewed): boolean {
  return entry.kind === 'kubelet'
}

function purposesOf({ old }: Renewed): ('client auth' | 'server auth')[] {
  const found = extKeyUsageIn(tbsPartsOf(old.der).extensions) ?? []
  return [
    ...(found.includes('clientAuth') ? ['client auth' as const] : []),
    ...(found.includes('serverAuth') ? ['server auth' as const] : []),
  ]
}

interface Refusal {
  readonly applies: (renewed: Renewed, purposes: readonly string[]) => boolean
  readonly message: (renewed: Renewed) => string
  readonly hint: (renewed: Renewed) => string
}

const MASTERS = 'system:masters'
const here = ({ name }: Renewed) => `where the key of its CA is: kubepki certs renew ${name}`

/** In the order in which a reader wants to know. */
const REFUSALS: readonly Refusal[] = [
  {
    applies: (_, purposes) => purposes.includes('server auth'),
    message: () => `it is a server's, and Kubernetes has no signer for such but for kubelets`,
    hint: renewed =>
      `name a signer of your own with --signer-name example.com/NAME, or sign it ${here(renewed)}`,
  },
  {
    applies: ({ caName }) => caName !== 'ca',
    message: ({ caName }) =>
      `its CA is ${caName}, and the signers of Kubernetes sign by the cluster CA alone`,
    hint: renewed =>
      `name a signer of your own with --signer-name example.com/NAME, or sign it ${here(renewed)}`,
  },
  {
    applies: ({ old }) => organizationsOf(old).includes(MASTERS),
    message: ({ old }) =>
      `its O is ${MASTERS} (${named(old.subject)}), and the API server lets nobody request that from ${KUBE_APISERVER_CLIENT}`,
    hint: renewed =>
      `sign it ${here(renewed)}; or make it one of the group kubeadm:cluster-admins, as kubeadm does since 1.29, which can be renewed this way`,
  },
]

const OWN_SIGNER = 'name a signer of your own with --signer-name example.com/NAME'
const startOver = ({ entry: { file, key } }: Renewed) =>
  `${OWN_SIGNER}; or move ${file.path} and ${key?.path} away and restart the kubelet: it makes a pair of its own, which can be renewed this way`

const KUBELETS_REFUSALS: readonly Refusal[] = [
  {
    applies: (_, purposes) => purposes.join() !== 'server auth',
    message: renewed =>
      `it is for ${purposesOf(renewed).join(' and ') || 'any purpose'}, and ${KUBELET_SERVING} signs for server auth alone`,
    hint: startOver,
  },
  {
    applies: ({ old, subject }) => subject === undefined && !isNodes(old),
    message: ({ old }) =>
      `its subject is ${named(old.subject)}, and ${KUBELET_SERVING} signs for CN=system:node:NAME,O=system:nodes alone`,
    hint: startOver,
  },
  {
    applies: renewed => !strangeNames(renewed).isHosts,
    message: renewed =>
      `its SANs are ${strangeNames(renewed).listed}, and ${KUBELET_SERVING} signs for DNS names and IP addresses alone, at least one`,
    hint: renewed =>
      strangeNames(renewed).listed === 'none' ? 'give it some: --add-san NAME' : startOver(renewed),
  },
]

function strangeNames({ old, names }: Renewed) {
  const all = names?.extension ? subjectAltNamesIn(extensionsAfter(old, names)) : readableNames(old)
  const isHosts = all.length > 0 && all.every(({ type }) => type === 'DNS' || type === 'IP')
  return { isHosts, listed: named(all.map(describeSubjectAltName).join(', ')) || 'none' }
}

function organizationsOf({ der }: { readonly der: Renewed['old']['der'] }): string[] {
  return attributesOf(tbsPartsOf(der).subject).flatMap(({ type, value }) =>
    type === ORGANIZATION ? value : [],
  )
}

/** In words; undefined: one of the user's own, that may be asked for anything. */
export function customSignerFlaw(signerName: string): string | undefined {
  return isReserved(signerName)
    ? `--signer-name is for a signer of your own, and ${signerName} is one of Kubernetes`
    : undefined
}
