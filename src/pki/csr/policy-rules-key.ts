/** Policy rules about the key, the time asked for, and what else a request wants. */
import { humanDuration } from '../../kubernetes/duration.ts'
import type { Certificate } from '../../x509/certificate.ts'
import { publicKeySha256Of } from '../../x509/certificate.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { subjectAltNameKey, subjectAltNamesOf } from '../../x509/subject-alt-name.ts'
import { extKeyUsageIn, isCaIn, keyUsageIn } from '../../x509/usage.ts'
import { subjectOf } from './facts.ts'
import { hasAddress, hasName, keySharers, nodeNamed } from './peers.ts'
import { isServing, nodeIn, ofRequest, type PolicyRule } from './policy-rules-identity.ts'
import { bad, type CsrFacts, type Finding, good } from './rule.ts'
import { listed, quoted } from './words.ts'

export const KEY_RULES: readonly PolicyRule[] = [
  {
    code: 'KEY_ALGORITHM',
    wants: 'the key is of one of keyAlgorithms',
    onFailure: 'deny',
    look: ofRequest(({ keyAlgorithm }, _, { keyAlgorithms }) =>
      keyAlgorithms.includes(keyAlgorithm)
        ? good(keyAlgorithm)
        : bad(`${quoted(keyAlgorithm)}, wanted one of ${keyAlgorithms.join(', ')}`),
    ),
  },
  {
    code: 'KEY_REUSE',
    wants: 'no request of another node has the same key',
    onFailure: 'deny',
    look: ofRequest((request, facts) => {
      const others = keySharers(facts, subjectOf(request).commonName)
      return others.length === 0
        ? good('its own key')
        : bad(`the same key as ${listed(others)}: a cloned disk?`)
    }),
  },
  {
    code: 'KEY_OF_CA',
    wants: 'the key is not that of a CA',
    onFailure: 'deny',
    look: ofRequest(({ publicKeySha256 }, { authorities }) => {
      if (authorities.length === 0) return undefined
      const ca = authorities.find(one => publicKeySha256Of(one) === publicKeySha256)
      return ca ? bad(`the key of the CA ${quoted(ca.subject)}`) : good("no CA's key")
    }),
  },
  {
    code: 'EXPIRATION',
    wants: 'the time asked for is at most maxExpiration',
    onFailure: 'deny',
    look: ({ csr: { spec } }, { maxExpiration }) => {
      const { expirationSeconds } = spec
      if (expirationSeconds === undefined) return good('left to the signer')
      const [asked, most] = [expirationSeconds, maxExpiration / 1000].map(humanDuration)
      return expirationSeconds * 1000 <= maxExpiration
        ? good(`${asked}`)
        : bad(`${asked}, wanted at most ${most}`)
    },
  },
  {
    code: 'EXTENSIONS',
    level: 'should',
    wants: 'the request itself asks for nothing beyond spec.usages',
    onFailure: 'deny',
    look: ofRequest((request, facts) => {
      const further = beyondUsages(request, facts)
      return further.length === 0
        ? good('nothing further')
        : bad(`the request asks for ${further.join(', ')}, which the signer leaves out`)
    }),
  },
  {
    code: 'CONTINUITY',
    level: 'should',
    wants: 'the request goes on from the certificate that the kubelet serves now',
    onFailure: 'leave',
    look: ofRequest((request, facts) =>
      isServing(facts) && facts.served ? continuity(request, facts, facts.served) : undefined,
    ),
  },
]

const EXT_KEY_USAGES: Readonly<Record<string, string>> = {
  serverAuth: 'server auth',
  clientAuth: 'client auth',
}

function beyondUsages({ extensions }: CertificateRequest, { csr }: CsrFacts): string[] {
  const extended = (extKeyUsageIn(extensions) ?? []).filter(
    one => !csr.spec.usages.includes(EXT_KEY_USAGES[one] ?? one),
  )
  const signing = (keyUsageIn(extensions) ?? []).filter(one => one === 'keyCertSign' || one === 'cRLSign')
  return [...(isCaIn(extensions) ? ['CA:TRUE'] : []), ...signing, ...extended]
}

/** Its names may only grow by what the Node is known to have. */
function continuity(request: CertificateRequest, facts: CsrFacts, served: Certificate): Finding {
  const { commonName } = subjectOf(request)
  if (!served.subject.split(',').includes(`CN=${commonName}`))
    return bad(`now it serves ${quoted(served.subject)}`)
  const before = new Set(subjectAltNamesOf(served).map(subjectAltNameKey))
  const node = nodeNamed(facts, nodeIn(request))
  const grown = request.subjectAltNames
    .filter(name => !before.has(subjectAltNameKey(name)))
    .filter(({ value }) => !(node && (hasAddress(node, value) || hasName(node, value))))
  return grown.length === 0
    ? good('goes on from what is served')
    : bad(`not in what is served now: ${listed(grown.map(({ value }) => value))}`)
}
