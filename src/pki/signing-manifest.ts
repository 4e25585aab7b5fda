/** The rows of a requests.json that lies beside requests, by public key. From outside: it says what is wanted, not what is allowed. */
import { MANIFEST_FILE, type ManifestRequest } from './request-manifest.ts'

/** Undefined: not what kubepki writes. */
export function readManifestRows(text: string): ReadonlyMap<string, ManifestRequest> | undefined {
  try {
    const { kind, requests } = JSON.parse(text) as { kind?: unknown; requests?: unknown }
    if (kind !== 'CertificateRequests' || !Array.isArray(requests) || !requests.every(isRow)) return undefined
    return new Map(requests.map(row => [row.publicKeySha256, row]))
  } catch {
    return undefined
  }
}

export const BESIDE = MANIFEST_FILE

const TEXTS = ['name', 'publicKeySha256', 'subject', 'caName'] as const
const LISTS = ['subjectAltNames', 'keyUsage', 'extKeyUsage'] as const
const OPTIONAL_TEXTS = ['caSubject', 'caFingerprintSha256', 'installed'] as const

function isRow(value: unknown): value is ManifestRequest {
  const row = (value ?? {}) as Readonly<Record<string, unknown>>
  const isText = (one: unknown) => typeof one === 'string' && one.length < 4096
  const isList = (one: unknown) => Array.isArray(one) && one.length < 1000 && one.every(isText)
  return (
    TEXTS.every(field => isText(row[field])) &&
    LISTS.every(field => isList(row[field])) &&
    OPTIONAL_TEXTS.every(field => row[field] === undefined || isText(row[field])) &&
    typeof row.longestValidityDays === 'number' &&
    row.longestValidityDays > 0
  )
}
