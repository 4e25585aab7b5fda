/** How a certificate points to its CA: by a name and by key identifiers, which verifiers look for before they look at signatures. */
import { impactOf } from '../../inventory/names.ts'
import { type Certificate, isSignedBy, namesAsIssuer } from '../../x509/certificate.ts'
import { authorityKeyIdOf, authoritySerialNumberOf, subjectKeyIdOf } from '../../x509/key-identifier.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { entryNamed } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
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
      drifting(evidence, pointsTo, ({ leaf }, signer) => {
        const serialNumber = authoritySerialNumberOf(leaf)
        const wanted = shownIdentifier(subjectKeyIdOf(signer), serialNumber && signer.serialNumber)
        return {
          expected: `an authorityKeyIdentifier as ${shownKey(signer)} has it: ${wanted}`,
          found: shownIdentifier(authorityKeyIdOf(leaf), serialNumber),
          impact: 'OpenSSL and what builds on it refuse it (curl, Python, nginx), Go does not',
        }
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
      drifting(evidence, namesAsIssuer, ({ name, leaf }, signer) => ({
        expected: `the subject of ${shownKey(signer)} as issuer, byte for byte`,
        found: `${leaf.issuer} in another encoding, as PrintableString for UTF8String`,
        impact: `Go finds no issuer: certificate signed by unknown authority; ${impactOf(name)}`,
      })),
  },
]

type Agrees = (leaf: Certificate, signer: Certificate) => boolean
type Say = (subject: Subject, signer: Certificate) => Pick<Observation, 'expected' | 'found' | 'impact'>

/** Where all that a CA signed drifts, it is the CA that was made again in a wrong way: other nodes have more of it. */
function drifting(evidence: Evidence, agrees: Agrees, say: Say): Observation[] {
  const rows = judged(evidence)
  const drifts = rows.filter(subject => {
    const signers = signersOf(evidence, subject)
    return signers.length > 0 && !signers.some(one => agrees(subject.leaf, one))
  })
  return drifts.map(subject => {
    const { caName } = subject.entry
    const ofCa = rows.filter(({ entry }) => entry.caName === caName)
    const isCas = ofCa.length > 1 && ofCa.every(one => drifts.includes(one))
    const file = entryNamed(evidence.snapshot, caName)?.file.path ?? ''
    return observe(evidence, subject, {
      ...say(subject, signersOf(evidence, subject)[0] as Certificate),
      ...(isCas && {
        remedy: `put the old ${shellWord(file)} back, or sign it again with the very subject and subjectKeyIdentifier that it had`,
      }),
    })
  })
}

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
