/** What `spec.usages` may name (certificates.k8s.io/v1), and what a signer makes of it. */

interface UsageRow {
  readonly keyUsage?:
    | 'digitalSignature'
    | 'nonRepudiation'
    | 'keyEncipherment'
    | 'dataEncipherment'
    | 'keyAgreement'
    | 'keyCertSign'
    | 'cRLSign'
    | 'encipherOnly'
    | 'decipherOnly'
  /** Dotted object identifier. */
  readonly extKeyUsage?: string
}

/** Extended usages stand in the order in which the kube-controller-manager writes them. */
const CSR_USAGES = {
  signing: { keyUsage: 'digitalSignature' },
  'digital signature': { keyUsage: 'digitalSignature' },
  'content commitment': { keyUsage: 'nonRepudiation' },
  'key encipherment': { keyUsage: 'keyEncipherment' },
  'key agreement': { keyUsage: 'keyAgreement' },
  'data encipherment': { keyUsage: 'dataEncipherment' },
  'cert sign': { keyUsage: 'keyCertSign' },
  'crl sign': { keyUsage: 'cRLSign' },
  'encipher only': { keyUsage: 'encipherOnly' },
  'decipher only': { keyUsage: 'decipherOnly' },
  any: { extKeyUsage: '2.5.29.37.0' },
  'server auth': { extKeyUsage: '1.3.6.1.5.5.7.3.1' },
  'client auth': { extKeyUsage: '1.3.6.1.5.5.7.3.2' },
  'code signing': { extKeyUsage: '1.3.6.1.5.5.7.3.3' },
  'email protection': { extKeyUsage: '1.3.6.1.5.5.7.3.4' },
  's/mime': { extKeyUsage: '1.3.6.1.5.5.7.3.4' },
  'ipsec end system': { extKeyUsage: '1.3.6.1.5.5.7.3.5' },
  'ipsec tunnel': { extKeyUsage: '1.3.6.1.5.5.7.3.6' },
  'ipsec user': { extKeyUsage: '1.3.6.1.5.5.7.3.7' },
  timestamping: { extKeyUsage: '1.3.6.1.5.5.7.3.8' },
  'ocsp signing': { extKeyUsage: '1.3.6.1.5.5.7.3.9' },
  'microsoft sgc': { extKeyUsage: '1.3.6.1.4.1.311.10.3.3' },
  'netscape sgc': { extKeyUsage: '2.16.840.1.113730.4.1' },
} as const satisfies Readonly<Record<string, UsageRow>>

export const CSR_USAGE_NAMES = Object.keys(CSR_USAGES) as readonly (keyof typeof CSR_USAGES)[]

const ROWS: readonly (readonly [string, UsageRow])[] = Object.entries(CSR_USAGES)

/** Each once, in the table's order; what is none of the table's is passed over. */
export function usagesMeant(usages: readonly string[]) {
  const rows = ROWS.filter(([name]) => usages.includes(name)).map(([, row]) => row)
  return {
    keyUsage: [...new Set(rows.flatMap(({ keyUsage }) => keyUsage ?? []))],
    extKeyUsage: [...new Set(rows.flatMap(({ extKeyUsage }) => extKeyUsage ?? []))],
  }
}
