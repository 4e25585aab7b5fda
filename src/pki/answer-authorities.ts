/** What the CAs between an answer and the cluster's own have to be, and may not limit. Signed elsewhere. Pure. */
import { unusableExtension } from '../x509/acceptance.ts'
import type { Certificate } from '../x509/certificate.ts'
import { tbsPartsOf } from '../x509/der.ts'
import { forbiddenNames } from '../x509/name-constraints.ts'
import { describeSubjectAltName, type SubjectAltName } from '../x509/subject-alt-name.ts'
import { extKeyUsageIn, isCaIn, keyUsageOf, pathLenIn } from '../x509/usage.ts'
import type { AnswerPath } from './answer-path.ts'
import { type Difference, unless } from './difference.ts'
import { instant } from './instant.ts'

export function unusable(authority: Certificate, now: Date): Difference | undefined {
  const { der, subject, notBefore, notAfter } = authority
  if (!isCaIn(tbsPartsOf(der).extensions)) return { wanted: 'CA:TRUE', found: `CA:FALSE in ${subject}` }
  const usages = keyUsageOf(authority)
  if (usages && !usages.includes('keyCertSign'))
    return { wanted: 'key usage keyCertSign', found: `${usages.join(', ') || 'none'} in ${subject}` }
  const extension = unusableExtension(der)
  if (extension) return { wanted: 'what Kubernetes can read', found: `${extension} in ${subject}` }
  const isValid = notBefore <= now && now < notAfter
  const found = `${subject}, valid from ${instant(notBefore)} to ${instant(notAfter)}`
  return unless(isValid, `valid on ${instant(now)}`, found)
}

export type Authorities = Pick<AnswerPath, 'intermediates' | 'anchor'>

function authoritiesOf({ intermediates, anchor }: Authorities): Certificate[] {
  return [...intermediates, ...(anchor ? [anchor] : [])]
}

/** RFC 5280 section 4.2.1.9: a CA may say how many others stand below it. */
export function tooDeep(path: Authorities): Difference | undefined {
  const authorities = authoritiesOf(path)
  const tooLow = authorities.findIndex(
    ({ der }, below) => (pathLenIn(tbsPartsOf(der).extensions) ?? below) < below,
  )
  const authority = authorities[tooLow]
  if (!authority) return undefined
  const most = pathLenIn(tbsPartsOf(authority.der).extensions)
  return { wanted: `at most ${most} CAs below ${authority.subject}`, found: String(tooLow) }
}

export interface Limited {
  readonly extKeyUsage: readonly string[]
  readonly subjectAltNames: readonly SubjectAltName[]
}

/** Usages of a CA are the most that anything below it is good for, by Go and OpenSSL alike, and its names too. */
export function limited(path: Authorities, wanted: Limited): Difference | undefined {
  return authoritiesOf(path)
    .map(authority => limitedUsages(authority, wanted) ?? limitedNames(authority, wanted))
    .find(Boolean)
}

function limitedUsages({ der, subject }: Certificate, { extKeyUsage }: Limited): Difference | undefined {
  const allowed = extKeyUsageIn(tbsPartsOf(der).extensions)
  if (!allowed || allowed.includes('anyExtendedKeyUsage')) return undefined
  return unless(
    extKeyUsage.every(usage => allowed.includes(usage)),
    `${extKeyUsage.join(', ')} also of ${subject}`,
    `limited to ${allowed.join(', ')}`,
  )
}

function limitedNames({ der, subject }: Certificate, { subjectAltNames }: Limited): Difference | undefined {
  const forbidden = forbiddenNames(tbsPartsOf(der).extensions, subjectAltNames)
  const names = forbidden.map(describeSubjectAltName).join(', ')
  return unless(forbidden.length === 0, `${names} also of ${subject}`, 'its name constraints forbid them')
}
