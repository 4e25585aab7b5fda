/** CertificateSigningRequest objects that are made or changed here, as the API server takes them. */
import { CSR_API_VERSION, CSR_KIND } from './certificate-signing-request.ts'
import { encodeYaml, listAt, type Mapping, mappingAt } from './yaml.ts'

export interface NewSigningRequest {
  readonly name: string
  /** The PKCS#10, PEM. */
  readonly request: string
  readonly signerName: string
  readonly usages: readonly string[]
  /** Absent: as long as the signer makes them. */
  readonly expirationSeconds?: number | undefined
}

export function newSigningRequest(parts: NewSigningRequest): Mapping {
  const { name, request, signerName, usages, expirationSeconds } = parts
  return {
    apiVersion: CSR_API_VERSION,
    kind: CSR_KIND,
    metadata: { name },
    spec: {
      ...(expirationSeconds !== undefined && { expirationSeconds }),
      request: base64(request),
      signerName,
      usages: [...usages],
    },
  }
}

/** The same object, answered. */
export function withCertificate(object: Mapping, pem: string): Mapping {
  return { ...object, status: { ...mappingAt(object, 'status'), certificate: base64(pem) } }
}

export interface NewCondition {
  readonly type: 'Approved' | 'Denied' | 'Failed'
  readonly reason: string
  readonly message: string
  /** Absent: the API server says when. */
  readonly now?: Date
}

export function withCondition(object: Mapping, { type, reason, message, now }: NewCondition): Mapping {
  const time = now?.toISOString().replace(/\.\d+Z$/, 'Z')
  const times = time === undefined ? {} : { lastUpdateTime: time, lastTransitionTime: time }
  const condition = { type, status: 'True', reason, message, ...times }
  const status = mappingAt(object, 'status')
  return { ...object, status: { ...status, conditions: [...listAt(status, 'conditions'), condition] } }
}

/** One document each. */
export function encodeObjects(objects: readonly Mapping[], format: 'yaml' | 'json'): string {
  if (format === 'yaml') return objects.map(object => encodeYaml(object)).join('---\n')
  const [first, ...rest] = objects
  const whole = first && rest.length === 0 ? first : { apiVersion: 'v1', kind: 'List', items: objects }
  return `${JSON.stringify(whole, null, 4)}\n`
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
