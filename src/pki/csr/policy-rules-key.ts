/** Policy rules about the key, the time asked for, and what else a request wants. */
import { humanDuration } from '../../kubernetes/duration.ts'
import { publicKeySha256Of } from '../../x509/certificate.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { extKeyUsageIn, isCaIn, keyUsageIn } from '../../x509/usage.ts'
import { subjectOf } from './facts.ts'
import { keySharers } from './peers.ts'
import { ofRequest, type PolicyRule } from './policy-rules-identity.ts'
import { bad, type CsrFacts, good } from './rule.ts'
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
        : bad(`the same key as ${listed(others)}${others.length > 5 ? ' at least' : ''}: a cloned disk?`)
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
