/** What the API server accepts as the status of a request: conditions and the certificate. */
import type { CertificateSigningRequest, CsrCondition } from '../../kubernetes/certificate-signing-request.ts'
import { type GoPemBlock, goPemBlocks } from '../../x509/go-pem.ts'
import { unreadableInGo } from './go-request.ts'
import { bad, type Finding, good, type Rule } from './rule.ts'
import { listed, quoted } from './words.ts'

/** Of these alone every status but True is refused. */
export const DECISIONS: readonly string[] = ['Approved', 'Denied', 'Failed']
const STATUSES: readonly string[] = ['True', 'False', 'Unknown']

export const CONDITION_RULES: readonly Rule[] = [
  {
    code: 'CONDITION_FIELDS',
    wants: 'each of status.conditions has a type and a status that Kubernetes knows',
    onFailure: 'deny',
    look: ({ csr }) => ifAny(csr, csr.status.conditions.flatMap(fieldFlaws(csr))),
  },
  {
    code: 'CONDITIONS_ONCE',
    wants: 'no two of status.conditions have the same type',
    onFailure: 'deny',
    look: ({ csr }) => {
      const types = csr.status.conditions.map(({ type }) => type)
      const twice = types.filter((type, index) => types.indexOf(type) < index)
      return ifAny(csr, twice.length > 0 ? [`twice in status.conditions: ${listed(twice)}`] : [])
    },
  },
  {
    code: 'CONDITIONS_EXCLUSIVE',
    wants: 'a request is not both Approved and Denied',
    onFailure: 'deny',
    look: ({ csr }) => {
      const isBoth = ['Approved', 'Denied'].every(type =>
        csr.status.conditions.some(one => one.type === type),
      )
      return ifAny(csr, isBoth ? ['status.conditions has both Approved and Denied'] : [])
    },
  },
  {
    code: 'STATUS_CERTIFICATE',
    wants: 'status.certificate, where there is one, is PEM of certificates alone',
    onFailure: 'deny',
    look: ({ csr: { status } }) =>
      status.certificate === undefined ? undefined : certificateFinding(status.certificate),
  },
]

function ifAny({ status }: CertificateSigningRequest, flaws: readonly string[]): Finding | undefined {
  if (status.conditions.length === 0) return undefined
  return flaws.length > 0 ? bad(flaws.join('; ')) : good(listed(status.conditions.map(({ type }) => type)))
}

const fieldFlaws =
  ({ object }: CertificateSigningRequest) =>
  ({ type, status }: CsrCondition): string[] => {
    if (type === '') return ['a condition has no type']
    const isOld = object.apiVersion === 'certificates.k8s.io/v1beta1' && status === ''
    if (isOld) return []
    if (status === '') return [`the condition ${quoted(type)} has no status`]
    const allowed = DECISIONS.includes(type) ? ['True'] : STATUSES
    return allowed.includes(status)
      ? []
      : [`the condition ${quoted(type)} has the status ${quoted(status)}, wanted ${allowed.join(', ')}`]
  }

function certificateFinding(pem: string): Finding {
  const blocks = goPemBlocks(pem)
  if (blocks.length === 0) return bad('status.certificate holds no PEM block')
  const flaw = blocks.map(blockFlaw).find(one => one !== undefined)
  return flaw === undefined
    ? good(`${blocks.length === 1 ? 'a certificate' : `${blocks.length} certificates`}`)
    : bad(flaw)
}

function blockFlaw({ type, hasHeaders, bytes }: GoPemBlock): string | undefined {
  if (type !== 'CERTIFICATE')
    return `status.certificate has a ${quoted(type)} block, wanted CERTIFICATE alone`
  if (hasHeaders) return 'a block of status.certificate has PEM headers'
  const flaw = unreadableInGo(bytes)
  return flaw && `a block of status.certificate is no certificate: ${flaw}`
}
