/** Policy rules about serving certificates that are in use: the API server's, and the one that the node's kubelet shows now. */
import type { Certificate } from '../../x509/certificate.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { subjectAltNameKey, subjectAltNamesOf } from '../../x509/subject-alt-name.ts'
import { isAnchored, isSelfMade } from '../certification-path.ts'
import { subjectOf } from './facts.ts'
import type { KubeletAnswer } from './fleet.ts'
import { hasAddress, hasName, nameKey, nodeNamed } from './peers.ts'
import { nodeIn, type PolicyRule } from './policy-rules-identity.ts'
import { hosts, isLocal, ofServing } from './policy-rules-names.ts'
import { bad, type CsrFacts, type Finding, good, unless } from './rule.ts'
import { listed, quoted } from './words.ts'

export const SERVED_RULES: readonly PolicyRule[] = [
  {
    code: 'API_SERVER',
    wants: "no name is one that the API server is reached by, but for a Node's own",
    onFailure: 'deny',
    look: ofServing((request, facts) =>
      shared(request, facts, names => names.filter(name => !isOwn(request, facts, name))),
    ),
  },
  {
    code: 'API_SERVER_NODE',
    wants: 'a Node with a name that the API server is reached by is a control-plane node, by its label',
    onFailure: 'leave',
    look: ofServing((request, facts) => {
      if (nodeNamed(facts, nodeIn(request))?.isControlPlane) return undefined
      return shared(request, facts, names => names.filter(name => isOwn(request, facts, name)))
    }),
  },
  {
    code: 'CONTINUITY',
    level: 'should',
    wants: 'the request goes on from the certificate that the kubelet serves now (--ask-kubelets)',
    onFailure: 'leave',
    look: ofServing((request, facts) => {
      const answer = facts.served?.get(nodeIn(request))
      return answer && continuity(request, facts, answer)
    }),
  },
]

/** Of the names that the API server has too. Undefined: it was not asked. */
function shared(
  request: CertificateRequest,
  { apiServerNames }: CsrFacts,
  choose: (names: readonly string[]) => string[],
): Finding | undefined {
  if (!apiServerNames) return undefined
  const keys = new Set(apiServerNames.map(nameKey))
  const offenders = choose(hosts(request).filter(name => !isLocal(name) && keys.has(nameKey(name))))
  return unless(offenders, ['names of the API server, with which one could pose as it', 'none of its names'])
}

function isOwn(request: CertificateRequest, facts: CsrFacts, name: string): boolean {
  const node = nodeNamed(facts, nodeIn(request))
  return node !== undefined && (hasAddress(node, name) || hasName(node, name))
}

/** Its names may only grow by what the Node is known to have. */
function continuity(
  request: CertificateRequest,
  facts: CsrFacts,
  { at, chain, problem }: KubeletAnswer,
): Finding {
  const [leaf] = chain
  if (problem !== undefined) return bad(`${at}: ${problem}: nothing was compared`)
  if (!leaf) return good(`${at} serves none yet`)
  if (isSelfMade(chain)) return good(`${at} serves one that it made itself: nothing to go on from`)
  if (!isAnchored(leaf, facts.authorities, chain))
    return bad(`${at} serves one that no CA of the cluster signed: ${quoted(leaf.issuer)}`)
  const { commonName } = subjectOf(request)
  if (!leaf.subject.split(',').includes(`CN=${commonName}`))
    return bad(`${at} serves one for ${quoted(leaf.subject)}`)
  return growth(request, facts, { at, leaf })
}

function growth(
  request: CertificateRequest,
  facts: CsrFacts,
  { at, leaf }: { readonly at: string; readonly leaf: Certificate },
): Finding {
  const before = new Set(subjectAltNamesOf(leaf).map(subjectAltNameKey))
  const added = request.subjectAltNames
    .filter(name => !before.has(subjectAltNameKey(name)))
    .filter(({ value }) => !isOwn(request, facts, value))
  return added.length === 0
    ? good(`goes on from what ${at} serves`)
    : bad(`not in what ${at} serves, nor known of the Node: ${listed(added.map(({ value }) => value))}`)
}
