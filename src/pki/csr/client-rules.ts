/** What nobody gets from kube-apiserver-client without somebody who insists: an identity of Kubernetes' own. */
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { COMMON_NAME } from '../../x509/name.ts'
import { namesOf, type Subject, subjectOf } from './facts.ts'
import { bad, type CsrFacts, type Finding, good, type Level, type Rule, unless } from './rule.ts'
import { KUBE_APISERVER_CLIENT } from './signer-name.ts'
import { listed, quoted } from './words.ts'

/** Users and groups that Kubernetes keeps for itself. */
const RESERVED = 'system:'
const RESERVED_GROUPS: readonly string[] = ['kubeadm:cluster-admins']

const ofClient =
  (look: (request: CertificateRequest, subject: Subject, facts: CsrFacts) => Finding | undefined) =>
  (facts: CsrFacts): Finding | undefined =>
    facts.request && facts.csr.spec.signerName === KUBE_APISERVER_CLIENT
      ? look(facts.request, subjectOf(facts.request), facts)
      : undefined

/** As whoever has a wide notion of equality reads it. */
function isReserved(name: string): boolean {
  return name.trim().toLowerCase().startsWith(RESERVED)
}

export const CLIENT_RULES: readonly (Rule<unknown> & { readonly level?: Level })[] = [
  {
    code: 'CLIENT_GROUPS',
    wants: 'O is no group of Kubernetes or of its administrators: system:*, kubeadm:cluster-admins',
    onFailure: 'deny',
    look: ofClient((_, { organizations }) =>
      unless(
        organizations.filter(one => isReserved(one) || RESERVED_GROUPS.includes(one.trim().toLowerCase())),
        [
          'groups with the rights of Kubernetes itself',
          organizations.length === 0 ? 'no group' : listed(organizations),
        ],
      ),
    ),
  },
  {
    code: 'CLIENT_NAME',
    wants: 'there is one CN, and it is no user of Kubernetes: system:*',
    onFailure: 'deny',
    look: ofClient((_, { attributes, commonName }) => {
      const names = attributes.flatMap(({ type, value }) => (type === COMMON_NAME ? value : []))
      if (names.length !== 1) return bad(`wanted one CN, found ${names.length}`)
      return isReserved(commonName)
        ? bad(`CN=${quoted(commonName)} is a user of Kubernetes itself`)
        : good(`CN=${quoted(commonName)}`)
    }),
  },
  {
    code: 'CLIENT_SANS',
    wants: 'the SANs are DNS names and IP addresses alone',
    onFailure: 'deny',
    look: ofClient(request =>
      unless(namesOf(request, 'URI', 'email', 'other'), [
        'URI, email or other names',
        'no URI, email or other name',
      ]),
    ),
  },
  {
    code: 'CLIENT_IS_REQUESTER',
    level: 'should',
    wants: 'who asks is who the certificate is for',
    onFailure: 'leave',
    look: ofClient((_, { commonName }, { csr: { spec } }) =>
      spec.username === commonName
        ? good(`${quoted(commonName)} for itself`)
        : bad(`${quoted(spec.username)} asks for CN=${quoted(commonName)}`),
    ),
  },
]
