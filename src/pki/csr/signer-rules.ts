/** What the signers of kube-controller-manager issue, as a table, and the rules that read it. */
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { namesOf, subjectOf } from './facts.ts'
import { bad, type CsrFacts, type Finding, good, type Rule } from './rule.ts'
import {
  KUBE_APISERVER_CLIENT,
  KUBELET_CLIENT,
  KUBELET_SERVING,
  LEGACY_UNKNOWN,
  NODE_PREFIX,
} from './signer-name.ts'
import { listed, quoted } from './words.ts'

export interface SignerSpec {
  readonly signerName: string
  /** All of them, no more. Absent: any. */
  readonly organizations?: readonly string[]
  readonly commonNamePrefix?: string
  /** `none`: neither DNS, IP, email nor URI; `host`: at least one DNS or IP, and no email, no URI. */
  readonly subjectAltNames: 'any' | 'none' | 'host'
  /** Must all be among spec.usages; absent: any will do. */
  readonly usages?: { readonly needed: readonly string[]; readonly allowed: readonly string[] }
  /** Refused when the object is made, by an admission plug-in. */
  readonly forbiddenOrganizations?: readonly string[]
  readonly promise: string
}

const NODES = { organizations: ['system:nodes'], commonNamePrefix: NODE_PREFIX }

export const SIGNERS: readonly SignerSpec[] = [
  {
    signerName: KUBE_APISERVER_CLIENT,
    subjectAltNames: 'any',
    usages: { needed: ['client auth'], allowed: ['client auth', 'digital signature', 'key encipherment'] },
    forbiddenOrganizations: ['system:masters'],
    promise: 'the API server takes it for a client',
  },
  {
    signerName: KUBELET_CLIENT,
    ...NODES,
    subjectAltNames: 'none',
    usages: {
      needed: ['client auth', 'digital signature'],
      allowed: ['client auth', 'digital signature', 'key encipherment'],
    },
    promise: 'the API server takes it for a node',
  },
  {
    signerName: KUBELET_SERVING,
    ...NODES,
    subjectAltNames: 'host',
    usages: {
      needed: ['server auth', 'digital signature'],
      allowed: ['server auth', 'digital signature', 'key encipherment'],
    },
    promise: 'the API server knows a kubelet by it',
  },
  {
    signerName: LEGACY_UNKNOWN,
    subjectAltNames: 'any',
    promise: 'nothing: no component may trust it',
  },
]

export function signerOf(signerName: string): SignerSpec | undefined {
  return SIGNERS.find(one => one.signerName === signerName)
}

type Look = (
  request: CertificateRequest,
  signer: SignerSpec,
  usages: readonly string[],
) => Finding | undefined

/** Nothing is said of a signer that is not Kubernetes' own, nor of a request that cannot be read. */
const bySigner =
  (look: Look) =>
  ({ csr: { spec }, request }: CsrFacts): Finding | undefined => {
    const signer = signerOf(spec.signerName)
    return signer && request && look(request, signer, spec.usages)
  }

export const SIGNER_RULES: readonly Rule[] = [
  {
    code: 'SIGNER_ADMISSION',
    wants: 'nobody asks kube-apiserver-client for O=system:masters',
    onFailure: 'deny',
    look: bySigner((request, { forbiddenOrganizations = [] }) => {
      if (forbiddenOrganizations.length === 0) return undefined
      const found = subjectOf(request).organizations.filter(one => forbiddenOrganizations.includes(one))
      return found.length === 0
        ? good('no forbidden group')
        : bad(`O=${quoted(found[0] as string)} is refused by the API server`)
    }),
  },
  {
    code: 'SIGNER_ORGANIZATION',
    wants: "the subject's organizations are exactly those of the signer",
    onFailure: 'deny',
    look: bySigner((request, { organizations }) => {
      if (!organizations) return undefined
      const found = subjectOf(request).organizations
      const isExact =
        found.length === organizations.length && found.every((one, index) => one === organizations[index])
      return isExact
        ? good(`O=${found.join()}`)
        : bad(`wanted O=${organizations.join()} alone, found ${listed(found)}`)
    }),
  },
  {
    code: 'SIGNER_COMMON_NAME',
    wants: "the subject's common name begins as the signer wants",
    onFailure: 'deny',
    look: bySigner((request, { commonNamePrefix }) => {
      if (commonNamePrefix === undefined) return undefined
      const { commonName } = subjectOf(request)
      return commonName.startsWith(commonNamePrefix)
        ? good(`CN=${quoted(commonName)}`)
        : bad(`wanted a CN that begins with ${commonNamePrefix}, found ${quoted(commonName)}`)
    }),
  },
  {
    code: 'SIGNER_SANS',
    wants: 'the SANs are of the kinds that the signer takes',
    onFailure: 'deny',
    look: bySigner(sansFinding),
  },
  {
    code: 'SIGNER_USAGES',
    wants: 'spec.usages is a set that the signer takes',
    onFailure: 'deny',
    look: bySigner((_, { usages }, asked) => usages && usagesFinding(usages, asked)),
  },
]

function sansFinding(request: CertificateRequest, { subjectAltNames }: SignerSpec): Finding | undefined {
  if (subjectAltNames === 'any') return undefined
  const [hosts, others] = [namesOf(request, 'DNS', 'IP'), namesOf(request, 'email', 'URI')]
  if (subjectAltNames === 'none') {
    const all = [...hosts, ...others]
    return all.length === 0 ? good('no SAN') : bad(`a client has no SAN, found ${listed(all)}`)
  }
  if (others.length > 0) return bad(`email and URI names are not issued: ${listed(others)}`)
  return hosts.length > 0 ? good(listed(hosts)) : bad('no DNS name and no IP address: at least one is wanted')
}

function usagesFinding(usages: NonNullable<SignerSpec['usages']>, asked: readonly string[]): Finding {
  const missing = usages.needed.filter(one => !asked.includes(one))
  if (missing.length > 0)
    return bad(`wanted ${missing.map(one => `"${one}"`).join(', ')}, found ${listed(asked)}`)
  const further = asked.filter(one => !usages.allowed.includes(one))
  return further.length > 0 ? bad(`not issued by this signer: ${listed(further)}`) : good(asked.join(', '))
}
