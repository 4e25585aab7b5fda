/**
 * What the API server accepts as a CertificateSigningRequest (certificates.k8s.io/v1), one rule a row. A request that fails
 * one of them cannot be in a cluster; in a file it is refused before anybody sends it.
 */
import type { CertificateSigningRequest } from '../../kubernetes/certificate-signing-request.ts'
import { CSR_USAGE_NAMES } from '../../kubernetes/key-usages.ts'
import { firstGoPemBlock } from '../../x509/go-pem.ts'
import { LARGEST_REQUEST } from './facts.ts'
import { unsupportedInGo } from './go-request.ts'
import { bad, type CsrFacts, type Finding, good, type Rule } from './rule.ts'
import { isReserved, LEGACY_UNKNOWN, signerNameFlaw } from './signer-name.ts'
import { CONDITION_RULES } from './status-rules.ts'
import { listed, quoted } from './words.ts'

const USAGES: ReadonlySet<string> = new Set(CSR_USAGE_NAMES)
const SHORTEST_EXPIRATION = 600
const LARGEST_INT32 = 2 ** 31 - 1

const REQUEST_RULES: readonly Rule[] = [
  {
    code: 'REQUEST_PEM',
    wants: 'spec.request is PEM whose first block is a CERTIFICATE REQUEST',
    onFailure: 'deny',
    look: ({ csr }) => pemFinding(csr),
  },
  {
    code: 'REQUEST_PKCS10',
    wants: 'that block is a PKCS#10 request which Go can read',
    onFailure: 'deny',
    look: ({ csr, request }) => {
      if (!pemFinding(csr).ok) return undefined
      if (!request) return bad('the block is no PKCS#10 request')
      const flaw = unsupportedInGo(request)
      return flaw === undefined ? good('a PKCS#10 request') : bad(flaw)
    },
  },
  {
    code: 'REQUEST_SIGNATURE',
    wants: 'it is signed with the private key of its public key',
    onFailure: 'deny',
    look: ({ request }) => {
      if (!request) return undefined
      return request.isProved
        ? good('signed with its own key')
        : bad('the signature was not made with the private key of the request: altered, or forged')
    },
  },
]

function pemFinding({ spec }: CertificateSigningRequest): Finding {
  const { request } = spec
  if (!request) return bad('spec.request is missing, or is no base64')
  if (request.length === 0) return bad('spec.request is empty')
  if (request.length > LARGEST_REQUEST)
    return bad(`spec.request has ${request.length} bytes: no request is so large`)
  const text = Buffer.from(request).toString('latin1')
  const block = firstGoPemBlock(text)
  if (!block) return bad(whyNoBlock(text))
  return block.type === 'CERTIFICATE REQUEST'
    ? good('a CERTIFICATE REQUEST block')
    : bad(`the first PEM block is a ${quoted(block.type)}, wanted "CERTIFICATE REQUEST"`)
}

function whyNoBlock(text: string): string {
  if (/^\s*LS0tLS1CRUdJTi/.test(text)) return 'spec.request is base64 encoded twice'
  if (text.charCodeAt(0) === 0x30) return 'spec.request is DER: wanted PEM'
  if (text.includes('-----BEGIN ')) return 'the PEM block in spec.request is cut off, indented or no base64'
  return 'spec.request holds no PEM block'
}

const SPEC_RULES: readonly Rule[] = [
  {
    code: 'SIGNER_NAME',
    wants: 'spec.signerName is a domain and a path: example.com/signer',
    onFailure: 'deny',
    look: ({ csr: { spec } }) => {
      const flaw = signerNameFlaw(spec.signerName)
      if (flaw !== undefined) return bad(flaw)
      if (isReserved(spec.signerName)) return good(`${quoted(spec.signerName)}, one of Kubernetes' own`)
      return good(quoted(spec.signerName))
    },
  },
  {
    code: 'SIGNER_CREATABLE',
    wants: `no new request is for ${LEGACY_UNKNOWN}`,
    onFailure: 'deny',
    look: ({ csr }) => {
      // One that a cluster holds may be from the time of v1beta1.
      if (csr.uid !== undefined || csr.spec.signerName !== LEGACY_UNKNOWN) return undefined
      return bad(`${LEGACY_UNKNOWN} cannot be asked for in v1`)
    },
  },
  {
    code: 'USAGES',
    wants: 'spec.usages has at least one, all known, none twice',
    onFailure: 'deny',
    look: ({ csr: { spec } }) => usagesFinding(spec.usages),
  },
  {
    code: 'EXPIRATION_SECONDS',
    wants: `spec.expirationSeconds, where it is given, is at least ${SHORTEST_EXPIRATION}`,
    onFailure: 'deny',
    look: ({ csr }) => expirationFinding(csr),
  },
  {
    code: 'OBJECT_NAME',
    wants: 'metadata.name, or generateName, can stand in a URL',
    onFailure: 'deny',
    look: facts => nameFinding(facts),
  },
]

function usagesFinding(usages: readonly string[]): Finding {
  if (usages.length === 0) return bad('spec.usages is empty: at least one is wanted')
  const unknown = usages.filter(usage => !USAGES.has(usage))
  if (unknown.length > 0) return bad(`unknown in spec.usages: ${listed(unknown)}`)
  const twice = usages.filter((usage, index) => usages.indexOf(usage) < index)
  return twice.length > 0 ? bad(`twice in spec.usages: ${listed(twice)}`) : good(usages.join(', '))
}

function expirationFinding({ spec, object }: CertificateSigningRequest): Finding | undefined {
  const raw = (object.spec as { expirationSeconds?: unknown } | undefined)?.expirationSeconds
  const { expirationSeconds = raw } = spec
  if (expirationSeconds === undefined || expirationSeconds === null) return undefined
  const isInteger = Number.isInteger(expirationSeconds) && (expirationSeconds as number) <= LARGEST_INT32
  if (!isInteger)
    return bad(`spec.expirationSeconds is ${quoted(String(expirationSeconds))}, no 32-bit integer`)
  return (expirationSeconds as number) >= SHORTEST_EXPIRATION
    ? good(`${expirationSeconds} s`)
    : bad(
        `spec.expirationSeconds is ${expirationSeconds}: at least ${SHORTEST_EXPIRATION} (10 minutes) is wanted`,
      )
}

function nameFinding({ csr: { name, generateName = '' } }: CsrFacts): Finding {
  const field = name === '' ? 'metadata.generateName' : 'metadata.name'
  const text = name === '' ? generateName : name
  if (text === '') return bad('neither metadata.name nor metadata.generateName is given')
  if (name === '.' || name === '..') return bad(`${field} is ${quoted(text)}`)
  const [wrong] = /[/%]/.exec(text) ?? []
  return wrong === undefined
    ? good(quoted(text))
    : bad(`${field} has a ${quoted(wrong)} in it: ${quoted(text)}`)
}

export const API_RULES: readonly Rule[] = [...REQUEST_RULES, ...SPEC_RULES, ...CONDITION_RULES]
