/** Whether what a signer of the cluster returned is what was asked for. Nothing in it is trusted. Pure. */

import { describeUnusable } from '../../errors.ts'
import type { CertificateSigningRequest } from '../../kubernetes/certificate-signing-request.ts'
import { usagesMeant } from '../../kubernetes/key-usages.ts'
import { readAnswer } from '../../x509/answer.ts'
import { type Certificate, publicKeySha256Of } from '../../x509/certificate.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { plainName } from '../../x509/plain-name.ts'
import { EXT_KEY_USAGES } from '../../x509/usage.ts'
import { type AnswerCode, findingsOf } from '../answer-checks.ts'
import { type AnswerPath, answerPath } from '../answer-path.ts'

export interface AnswerOrder {
  readonly now: Date
  /** CAs that must have signed it; none: nobody said which, and the path is not looked at. */
  readonly anchors: readonly Certificate[]
}

export type CheckedAnswer =
  | { readonly leaf: Certificate; readonly intermediates: readonly Certificate[] }
  | { readonly flaws: readonly string[] }

const OF_PATH: ReadonlySet<AnswerCode> = new Set([
  'NOT_SIGNED_BY_CA',
  'INTERMEDIATE_MISSING',
  'INTERMEDIATE_UNUSABLE',
])

export function checkAnswer(
  csr: CertificateSigningRequest,
  request: CertificateRequest,
  order: AnswerOrder,
): CheckedAnswer {
  const read = readAnswer(Buffer.from(csr.status.certificate ?? '', 'utf8'))
  if ('reason' in read) return { flaws: [`status.certificate: ${describeUnusable(read)}`] }
  const [leaf, ...others] = read.certificates
  if (publicKeySha256Of(leaf) !== request.publicKeySha256)
    return { flaws: ['the certificate is for another key than the one that was sent'] }
  const [first, ...rest] = order.anchors
  const path: AnswerPath = first
    ? answerPath(leaf, { anchors: [first, ...rest], others, strangers: new Map() })
    : { state: 'trusted', wanted: '', found: '', intermediates: others, anchor: undefined }
  const findings = findingsOf({
    wanted: wantedOf(csr, request),
    ...{ certificate: leaf, path, now: order.now, minValidity: 0 },
  }).filter(({ code }) => first !== undefined || !OF_PATH.has(code))
  return findings.length > 0
    ? {
        flaws: findings.map(
          ({ code, field, wanted, found }) => `${code}: ${field}: wanted ${wanted}, found ${found}`,
        ),
      }
    : { leaf, intermediates: path.intermediates }
}

function wantedOf({ spec }: CertificateSigningRequest, { subject, subjectAltNames }: CertificateRequest) {
  const { keyUsage, extKeyUsage } = usagesMeant(spec.usages)
  return {
    subject: plainName(subject).subject,
    subjectAltNames: subjectAltNames.filter(({ type }) => type !== 'other'),
    keyUsage,
    extKeyUsage: extKeyUsage.map(oid => EXT_KEY_USAGES[oid] ?? oid),
  }
}
