/** Rows of requests.json, from nothing. */
import { createHash } from 'node:crypto'
import type { ManifestRequest } from '../../src/pki/request-manifest.ts'

export function manifestRow(name: string, changes: Partial<ManifestRequest> = {}): ManifestRequest {
  return {
    name,
    file: `${name}.csr`,
    created: '2026-12-01T00:00:00Z',
    publicKeySha256: createHash('sha256').update(`${name} ${changes.created}`).digest('hex'),
    subject: `CN=${name}`,
    subjectAltNames: [],
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    extKeyUsage: ['clientAuth'],
    caName: 'ca',
    caSubject: 'CN=kubernetes',
    caFingerprintSha256: 'ab'.repeat(32),
    longestValidityDays: 365,
    certificateFile: `/etc/kubernetes/pki/${name}.crt`,
    ...changes,
  }
}
