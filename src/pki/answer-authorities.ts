/** What the CAs between an answer and the cluster's own have to be, and may not limit. Signed elsewhere. Pure. */
import { unusableExtension } from '../x509/acceptance.ts'
import type { Certificate } from '../x509/certificate.ts'
import { tbsPartsOf } from '../x509/der.ts'
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

function authoritiesOf({ intermediates, anchor }: AnswerPath): Certificate[] {
  return [...intermediates, ...(anchor ? [anchor] : [])]
}

/** RFC 5280 section 4.2.1.9: a CA may say how many others stand below it. */
export function tooDeep(path: AnswerPath): Difference | undefined {
  const authorities = authoritiesOf(path)
  const tooLow = authorities.findIndex(
    ({ der }, below) => (pathLenIn(tbsPartsOf(der).extensions) ?? below) < below,
  )
  const authority = authorities[tooLow]
  if (!authority) return undefined
  const most = pathLenIn(tbsPartsOf(authority.der).extensions)
  return { wanted: `at most ${most} CAs below ${authority.subject}`, found: String(tooLow) }
}

/** Usages of a CA are the most that anything below it is good for, by Go and OpenSSL alike. */
export function limited(
  path: AnswerPath,
  { extKeyUsage }: { readonly extKeyUsage: readonly string[] },
): Difference | undefined {
  for (const { der, subject } of authoritiesOf(path)) {
    const allowed = extKeyUsageIn(tbsPartsOf(der).extensions)
    const isWhole =
      !allowed ||
      allowed.includes('anyExtendedKeyUsage') ||
      extKeyUsage.every(usage => allowed.includes(usage))
    if (!isWhole)
      return {
        wanted: `${extKeyUsage.join(', ')} also of ${subject}`,
        found: `limited to ${allowed.join(', ')}`,
      }
  }
  return undefined
}
