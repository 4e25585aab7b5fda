/** How a certificate points to its CA: by a name and by key identifiers, which verifiers look for before they look at signatures. */
import { impactOf } from '../../inventory/names.ts'
import { type Certificate, isSignedBy, namesAsIssuer } from '../../x509/certificate.ts'
import { authorityKeyIdOf, authoritySerialNumberOf, subjectKeyIdOf } from '../../x509/key-identifier.ts'
import type { Evidence } from '../evidence.ts'
import type { Check } from './check.ts'
import { judged } from './paths.ts'
import { certificatesOf, observe, type Subject, shownKey } from './subjects.ts'

export const ISSUER_CHECKS: readonly Check[] = [
  {
    code: 'KEY_IDENTIFIER_DRIFT',
    group: 'pairs',
    severity: 'warning',
    title: 'a certificate points to another key identifier than its CA has',
    needs: ['certificates'],
    remedy: 'certs renew NAME',
    find: evidence =>
      judged(evidence).flatMap(subject => {
        const signers = signersOf(evidence, subject)
        const [signer] = signers
        if (!signer || signers.some(one => pointsTo(subject.leaf, one))) return []
        const wantedSerial = authoritySerialNumberOf(subject.leaf) && signer.serialNumber
        return observe(evidence, subject, {
          expected: `an authorityKeyIdentifier as ${shownKey(signer)} has it: ${shownIdentifier(subjectKeyIdOf(signer), wantedSerial)}`,
          found: shownIdentifier(authorityKeyIdOf(subject.leaf), authoritySerialNumberOf(subject.leaf)),
          impact: 'OpenSSL and what builds on it refuse it (curl, Python, nginx), Go does not',
        })
      }),
  },
  {
    code: 'ISSUER_ENCODING_DRIFT',
    group: 'pairs',
    severity: 'error',
    title: "the name of a certificate's issuer is encoded otherwise than its CA's subject",
    needs: ['certificates'],
    remedy: 'certs renew NAME, or the CA again with the bytes of its old subject',
    find: evidence =>
      judged(evidence).flatMap(subject => {
        const signers = signersOf(evidence, subject)
        const [signer] = signers
        if (!signer || signers.some(one => namesAsIssuer(subject.leaf, one))) return []
        return observe(evidence, subject, {
          expected: `the subject of ${shownKey(signer)} as issuer, byte for byte`,
          found: `${subject.leaf.issuer} in another encoding, as PrintableString for UTF8String`,
          impact: `Go finds no issuer: certificate signed by unknown authority; ${impactOf(subject.name)}`,
        })
      }),
  },
]

/** Every certificate of the CA's file, or behind the leaf, whose key made the signature. */
function signersOf(evidence: Evidence, { leaf, rest, entry }: Subject): readonly Certificate[] {
  return [...certificatesOf(evidence, entry.caName), ...rest].filter(one => isSignedBy(leaf, one))
}

/** As OpenSSL compares them: what is not there says nothing. */
function pointsTo(leaf: Certificate, signer: Certificate): boolean {
  const [key, wantedKey] = [authorityKeyIdOf(leaf), subjectKeyIdOf(signer)]
  const serialNumber = authoritySerialNumberOf(leaf)
  const hasKey = key === undefined || wantedKey === undefined || key === wantedKey
  return hasKey && (serialNumber === undefined || serialNumber === signer.serialNumber)
}

function shownIdentifier(key: string | undefined, serialNumber: string | undefined): string {
  const serial = serialNumber === undefined ? '' : `, serial number ${serialNumber}`
  return `key ${key ?? 'none'}${serial}`
}
