/** What a CA has to be to sign, and may not limit. */

import { isSameCertificate } from '../../x509/certificate.ts'
import { tbsPartsOf } from '../../x509/der.ts'
import { subjectKeyIdOf } from '../../x509/key-identifier.ts'
import { subjectAltNamesOf } from '../../x509/subject-alt-name.ts'
import { extKeyUsageIn, isCaIn, keyUsageOf } from '../../x509/usage.ts'
import { type Authorities, type Limited, limited, tooDeep } from '../answer-authorities.ts'
import type { Difference } from '../difference.ts'
import type { Evidence } from '../evidence.ts'
import type { Check, Observation } from './check.ts'
import {
  authoritiesOf,
  observe,
  pathOf,
  type Subject,
  signedLeavesOf,
  signingCertificateOf,
} from './subjects.ts'

const REPLACE = 'the CA must be replaced by one that is made for it'

export const AUTHORITY_CHECKS: readonly Check[] = [
  {
    code: 'NOT_A_CA',
    group: 'crypto',
    severity: 'error',
    title: "a CA's certificate is no CA certificate",
    needs: ['certificates'],
    remedy: 'put the right one back',
    find: evidence =>
      wrongAuthorities(evidence, ({ der }) =>
        isCaIn(tbsPartsOf(der).extensions) ? undefined : { wanted: 'CA:TRUE', found: 'CA:FALSE' },
      ),
  },
  {
    code: 'CA_WITHOUT_KEY_CERT_SIGN',
    group: 'crypto',
    severity: 'error',
    title: 'the key usage of a CA does not allow it to sign certificates',
    needs: ['certificates'],
    remedy: REPLACE,
    find: evidence =>
      wrongAuthorities(evidence, certificate => {
        const usages = keyUsageOf(certificate)
        return usages === undefined || usages.includes('keyCertSign')
          ? undefined
          : { wanted: 'keyUsage keyCertSign', found: usages.join(', ') || 'none' }
      }),
  },
  {
    code: 'CA_WITHOUT_KEY_IDENTIFIER',
    group: 'crypto',
    severity: 'info',
    title: 'a CA has no subjectKeyIdentifier',
    needs: ['certificates'],
    remedy: 'none needed',
    find: evidence =>
      authoritiesOf(evidence)
        .filter(authority => subjectKeyIdOf(signingCertificateOf(evidence, authority)) === undefined)
        .map(authority =>
          observe(evidence, authority, {
            expected: 'a subjectKeyIdentifier (RFC 5280 section 4.2.1.2)',
            found: 'none',
            impact: 'strict verifiers refuse it, Kubernetes does not',
            remedy: 'none needed',
          }),
        ),
  },
  {
    code: 'CA_PATH_LENGTH',
    group: 'crypto',
    severity: 'error',
    title: 'more CAs stand below a CA than it allows',
    needs: ['certificates'],
    remedy: REPLACE,
    find: evidence => limitedLeaves(evidence, tooDeep),
  },
  {
    code: 'CA_LIMITED',
    group: 'crypto',
    severity: 'error',
    title: 'a CA limits usages or names, and a certificate below it goes beyond',
    needs: ['certificates'],
    remedy: REPLACE,
    find: evidence => limitedLeaves(evidence, limited),
  },
]

function wrongAuthorities(
  evidence: Evidence,
  look: (certificate: Subject['leaf']) => Difference | undefined,
): Observation[] {
  return authoritiesOf(evidence).flatMap(authority => {
    const wrong = look(signingCertificateOf(evidence, authority))
    if (!wrong) return []
    return observe(evidence, authority, { expected: wrong.wanted, found: wrong.found, remedy: REPLACE })
  })
}

function limitedLeaves(
  evidence: Evidence,
  look: (path: Authorities, leaf: Limited) => Difference | undefined,
): Observation[] {
  return signedLeavesOf(evidence).flatMap(subject => {
    const path = pathOf(evidence, subject)
    const anchors = authoritiesOf(evidence).flatMap(({ leaf, rest }) => [leaf, ...rest])
    const isAnchor = (one: Subject['leaf']) => anchors.some(known => isSameCertificate(known, one))
    const position = path.findIndex(isAnchor)
    const anchor = path[position]
    if (!anchor) return []
    const wrong = look({ intermediates: path.slice(0, position), anchor }, needsOf(subject))
    if (!wrong) return []
    return observe(evidence, subject, { expected: wrong.wanted, found: wrong.found, remedy: REPLACE })
  })
}

function needsOf({ leaf }: Subject): Limited {
  const extKeyUsage = extKeyUsageIn(tbsPartsOf(leaf.der).extensions) ?? []
  try {
    return { extKeyUsage, subjectAltNames: subjectAltNamesOf(leaf) }
  } catch {
    return { extKeyUsage, subjectAltNames: [] }
  }
}
