/** What was served where, as reports have it. */
import type { Certificate } from '../x509/certificate.ts'
import type { Evidence } from './evidence.ts'
import { instant } from './instant.ts'
import { addressOf, type LiveEndpoint } from './live-evidence.ts'
import { compareServed, isLoopbacks } from './served.ts'

export interface ServedRow {
  readonly component: string
  readonly role: LiveEndpoint['role']
  /** `127.0.0.1:6443` */
  readonly address: string
  readonly serverName?: string
  readonly state: LiveEndpoint['state']
  readonly certificate?: ServedCertificate
  /** The row, or the component, whose file is to be served. */
  readonly row?: string
  readonly file?: string
  /** Absent: there is nothing to compare. */
  readonly matches?: boolean
}

export interface ServedCertificate {
  readonly subject: string
  readonly issuer: string
  readonly serialNumber: string
  readonly notBefore: string
  readonly notAfter: string
  readonly fingerprintSha256: string
}

/** The connection to itself only where it was seen. */
export function servedRows(evidence: Evidence): readonly ServedRow[] | undefined {
  return evidence.live?.endpoints
    .filter(({ role, chain: [leaf] }) => role !== 'loopback' || (leaf && isLoopbacks(leaf)))
    .map(endpoint => servedRow(evidence, endpoint))
}

function servedRow(evidence: Evidence, endpoint: LiveEndpoint): ServedRow {
  const { component, role, state, serverName, expected, chain } = endpoint
  const [leaf] = chain
  const { likeness } = compareServed(evidence, endpoint)
  return {
    ...{ component, role, address: addressOf(endpoint) },
    ...(serverName !== undefined && { serverName }),
    state,
    ...(leaf && { certificate: summaryOf(leaf) }),
    ...(expected && { row: expected.name, file: expected.file }),
    ...(likeness !== 'uncompared' && expected && { matches: likeness === 'same' }),
  }
}

function summaryOf(certificate: Certificate): ServedCertificate {
  const { subject, issuer, serialNumber, notBefore, notAfter, fingerprintSha256 } = certificate
  const dates = { notBefore: instant(notBefore), notAfter: instant(notAfter) }
  return { subject, issuer, serialNumber, ...dates, fingerprintSha256 }
}
