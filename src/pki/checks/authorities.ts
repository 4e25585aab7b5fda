/** What a CA has to be to sign, and may not limit. */

import { neededUsages } from '../../inventory/names.ts'
import { type Certificate, isSameCertificate } from '../../x509/certificate.ts'
import { isVersion3, tbsPartsOf } from '../../x509/der.ts'
import { subjectKeyIdOf } from '../../x509/key-identifier.ts'
import { subjectAltNamesOf } from '../../x509/subject-alt-name.ts'
import { isCaIn, keyUsageOf } from '../../x509/usage.ts'
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
      wrongAuthorities(evidence, ({ der }) => {
        if (isCaIn(tbsPartsOf(der).extensions)) return undefined
        return isVersion3(der)
          ? { wanted: 'CA:TRUE', found: 'CA:FALSE' }
          : { wanted: 'CA:TRUE', found: 'a certificate of version 1: Go trusts it, kubeadm does not' }
      }),
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

type Look = (certificate: Certificate) => Difference | undefined

/** Also what stands between a leaf and its CA. */
function wrongAuthorities(evidence: Evidence, look: Look): Observation[] {
  const anchors = authoritiesOf(evidence).flatMap(authority => {
    const wrong = look(signingCertificateOf(evidence, authority))
    return wrong ? observe(evidence, authority, { expected: wrong.wanted, found: wrong.found }) : []
  })
  return [...anchors, ...wrongIntermediates(evidence, look)]
}

function wrongIntermediates(evidence: Evidence, look: Look): Observation[] {
  return signedLeavesOf(evidence).flatMap(subject => {
    const intermediates = pathOf(evidence, subject).filter(one => subject.rest.includes(one))
    const found = intermediates.map(one => ({ one, wrong: look(one) })).find(({ wrong }) => wrong)
    if (!found?.wrong) return []
    const { subject: name } = found.one
    return observe(evidence, subject, {
      expected: `${found.wrong.wanted} in ${name}, behind it`,
      found: found.wrong.found,
      remedy: `have it signed by another CA than ${name}, or that one made again as a CA`,
    })
  })
}

function limitedLeaves(
  evidence: Evidence,
  look: (path: Authorities, leaf: Limited) => Difference | undefined,
): Observation[] {
  const anchors = authoritiesOf(evidence).flatMap(({ leaf, rest }) => [leaf, ...rest])
  const isAnchor = (one: Certificate) => anchors.some(known => isSameCertificate(known, one))
  return signedLeavesOf(evidence).flatMap(subject => {
    const path = pathOf(evidence, subject)
    const position = path.findIndex(isAnchor)
    const anchor = path[position]
    if (!anchor) return []
    const wrong = readable(() => look({ intermediates: path.slice(0, position), anchor }, needsOf(subject)))
    if (!wrong) return []
    return observe(evidence, subject, { expected: wrong.wanted, found: wrong.found, remedy: REPLACE })
  })
}

/** Extensions that are not what they have to be are as good as a limit. */
function readable(look: () => Difference | undefined): Difference | undefined {
  try {
    return look()
  } catch {
    return { wanted: 'extensions of its CA that can be read', found: 'malformed' }
  }
}

/** Its role's usages: what else it may be used for is nobody's need. */
function needsOf({ name, leaf }: Subject): Limited {
  return { extKeyUsage: neededUsages(name), subjectAltNames: subjectAltNamesOf(leaf) }
}
