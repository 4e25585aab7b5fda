/** Where in a PKCS#10 request extensions are asked for. */
import { type Der, elementsOf, leadingOid, onlyElement, TAG } from './der.ts'

/** What Microsoft's tools call it; Go, and so Kubernetes, reads extensions in RFC 2985's attribute alone. */
const MICROSOFT = '1.3.6.1.4.1.311.2.1.14'

/** Some readers see extensions that others do not. `der` is of a request that was read already. */
export function asksInMicrosoftsAttribute(der: Der): boolean {
  const [info] = elementsOf(onlyElement(TAG.sequence, der))
  const attributes = info ? elementsOf(info)[3] : undefined
  return attributes !== undefined && elementsOf(attributes).some(one => leadingOid(one) === MICROSOFT)
}
