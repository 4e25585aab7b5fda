/** What a CertificateSigningRequest says, read once for all rules. Everything in it is from a stranger. */
import { type CertificateSigningRequest, stateOf } from '../../kubernetes/certificate-signing-request.ts'
import type { Certificate } from '../../x509/certificate.ts'
import {
  type CertificateRequest,
  outlineOf,
  readCertificateRequest,
  readRequestDer,
} from '../../x509/certificate-request.ts'
import { firstGoPemBlock } from '../../x509/go-pem.ts'
import { attributesOf, COMMON_NAME, type NameAttribute, ORGANIZATION } from '../../x509/name.ts'
import type { SubjectAltNameType } from '../../x509/subject-alt-name.ts'
import type { Fleet } from './fleet.ts'
import type { CsrFacts, CsrPeer } from './rule.ts'
import { NODE_PREFIX } from './signer-name.ts'

/** Larger than any request that the API server takes. */
export const LARGEST_REQUEST = 256 * 1024

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The block that the API server reads; where it reads none, what anybody else would. */
export function requestIn({ spec }: CertificateSigningRequest): CertificateRequest | undefined {
  const { request } = spec
  if (!request || request.length > LARGEST_REQUEST) return undefined
  const block = firstGoPemBlock(latin1(request))
  const read = block ? readRequestDer(block.bytes) : readCertificateRequest(request)
  return 'reason' in read ? undefined : read
}

/** Also of a request that cannot be proved. */
export function peerOf(csr: CertificateSigningRequest): CsrPeer {
  const { request = new Uint8Array(), signerName, username } = csr.spec
  const block = request.length > LARGEST_REQUEST ? undefined : firstGoPemBlock(latin1(request))
  const outline = block && outlineOf(block.bytes)
  const state = stateOf(csr)
  return {
    name: csr.name,
    signerName,
    username,
    commonName: outline ? commonNameOf(attributes(outline.subject)) : '',
    publicKeySha256: outline?.publicKeySha256,
    creationTimestamp: csr.creationTimestamp,
    isPending: state === 'pending',
    isGranted: state === 'approved' || state === 'issued',
  }
}

function attributes(name: CertificateRequest['subject']): readonly NameAttribute[] {
  try {
    return attributesOf(name)
  } catch {
    return []
  }
}

/** Go takes the last of several. */
function commonNameOf(subject: readonly NameAttribute[]): string {
  return subject.findLast(({ type }) => type === COMMON_NAME)?.value ?? ''
}

export interface Surroundings extends Fleet {
  readonly now: Date
  readonly all?: readonly CsrPeer[]
  readonly authorities?: readonly Certificate[]
}

export function factsOf(csr: CertificateSigningRequest, around: Surroundings): CsrFacts {
  const { all = [peerOf(csr)], authorities = [] } = around
  return { ...around, csr, request: requestIn(csr), all, authorities }
}

export interface Subject {
  readonly attributes: readonly NameAttribute[]
  readonly commonName: string
  readonly organizations: readonly string[]
}

const SUBJECTS = new WeakMap<CertificateRequest, Subject>()

export function subjectOf(request: CertificateRequest): Subject {
  const known = SUBJECTS.get(request)
  if (known) return known
  const found = attributes(request.subject)
  const subject = {
    attributes: found,
    commonName: commonNameOf(found),
    organizations: found.filter(({ type }) => type === ORGANIZATION).map(({ value }) => value),
  }
  SUBJECTS.set(request, subject)
  return subject
}

/** Undefined: its common name is none of a node. Empty: `system:node:` alone. */
export function nodeNameOf(commonName: string): string | undefined {
  return commonName.startsWith(NODE_PREFIX) ? commonName.slice(NODE_PREFIX.length) : undefined
}

export function namesOf(request: CertificateRequest, ...types: readonly SubjectAltNameType[]): string[] {
  return request.subjectAltNames.filter(({ type }) => types.includes(type)).map(({ value }) => value)
}
