/** Serial numbers (RFC 5280 section 4.1.2.2): what Go and linters refuse. */
import { impactOf } from '../../inventory/names.ts'
import { hasNegativeSerialNumber } from '../../x509/acceptance.ts'
import { contentsOf, serialNumberOf } from '../../x509/der.ts'
import type { Evidence } from '../evidence.ts'
import type { Check, Observation } from './check.ts'
import { each, observe, subjectsOf } from './subjects.ts'

const crypto = { group: 'crypto', needs: ['certificates'] } as const
const REPLACE = 'certs renew NAME; a CA: replace it'

export const SERIAL_CHECKS: readonly Check[] = [
  {
    code: 'SERIAL_NEGATIVE',
    ...crypto,
    severity: 'error',
    title: 'a serial number is negative: Go 1.23 and later read no file with it',
    remedy: REPLACE,
    find: each(subjectsOf, ({ name, leaf, rest }) => {
      const wrong = [leaf, ...rest].find(one => hasNegativeSerialNumber(one.der))
      if (!wrong) return undefined
      return {
        expected: 'a positive serial number',
        found: `${wrong.serialNumber} of ${wrong.subject}`,
        impact: `Go refuses the whole file: ${impactOf(name)}`,
      }
    }),
  },
  {
    code: 'SERIAL_ZERO',
    ...crypto,
    severity: 'info',
    title: 'a serial number is zero: kubeadm made its CAs so until 1.27',
    remedy: 'none needed',
    find: each(subjectsOf, ({ leaf }) =>
      isZero(leaf.serialNumber)
        ? {
            expected: 'a positive serial number (RFC 5280 section 4.1.2.2)',
            found: '0',
            impact: 'strict linters complain, Kubernetes does not',
            remedy: 'none needed',
          }
        : undefined,
    ),
  },
  {
    code: 'SERIAL_TOO_LONG',
    ...crypto,
    severity: 'info',
    title: 'a serial number has more than 20 bytes',
    remedy: 'none needed',
    find: each(subjectsOf, ({ leaf }) => {
      const { length } = contentsOf(serialNumberOf(leaf.der))
      if (length <= 20) return undefined
      const impact = 'strict readers refuse it, Kubernetes does not'
      return { expected: '20 bytes at most (RFC 5280 section 4.1.2.2)', found: `${length} bytes`, impact }
    }),
  },
  {
    code: 'SERIAL_REPEATED',
    ...crypto,
    severity: 'warning',
    title: 'one issuer gave two certificates the same serial number',
    remedy: 'certs renew NAME',
    find: evidence => repeatedSerials(evidence),
  },
]

function isZero(serialNumber: string): boolean {
  return /^0+$/.test(serialNumber)
}

/** Not the same certificate in two places, and not the zero that kubeadm gave. */
function repeatedSerials(evidence: Evidence): Observation[] {
  const all = subjectsOf(evidence)
  return all.flatMap((subject, index) => {
    const { leaf } = subject
    const twin = all
      .slice(0, index)
      .find(
        ({ leaf: other }) =>
          other.serialNumber === leaf.serialNumber &&
          other.issuer === leaf.issuer &&
          other.fingerprintSha256 !== leaf.fingerprintSha256,
      )
    if (!twin || isZero(leaf.serialNumber)) return []
    return observe(evidence, subject, {
      expected: `a serial number that ${leaf.issuer} gave once`,
      found: `${leaf.serialNumber}, as ${twin.name} has it`,
      impact: 'logs and revocation lists cannot tell the two apart',
    })
  })
}
