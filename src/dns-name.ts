/** DNS names as Kubernetes validates them. */

const LABEL = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)
const LONGEST = 253

/** An RFC 1123 subdomain: lower case, without a dot at its end. */
export function isSubdomain(text: string): boolean {
  return text.length <= LONGEST && SUBDOMAIN.test(text)
}

/** `*.` and a subdomain. */
export function isWildcard(text: string): boolean {
  return text.length <= LONGEST && text.startsWith('*.') && SUBDOMAIN.test(text.slice(2))
}
