/** Where in a PKCS#10 request extensions are asked for. */
import { type Der, elementsOf, leadingOid, onlyElement, TAG } from './der.ts'

/** What Microsoft's tools call it; Go, and so Kubernetes, reads extensions in RFC 2985's attribute alone. */
const MICROSOFT = '1.3.6.1.4.1.311.2.1.14'

/** Types of the attributes: that of RFC 2985 section 5.4.2, and Microsoft's. */
export const EXTENSION_REQUESTS: ReadonlySet<string> = new Set(['1.2.840.113549.1.9.14', MICROSOFT])

/** Some readers see extensions that others do not. `der` is of a request that was read already. */
export function asksInMicrosoftsAttribute(der: Der): boolean {
  const [info] = elementsOf(onlyElement(TAG.sequence, der))
  const attributes = info ? elementsOf(info)[3] : undefined
  return attributes !== undefined && elementsOf(attributes).some(one => leadingOid(one) === MICROSOFT)
}
