/** What is signed has one meaning: no two readers may see another request in the same bytes. */
import { asksInMicrosoftsAttribute } from '../../x509/extension-requests.ts'
import type { CsrFacts } from './rule.ts'

/** In words; undefined: there is one meaning. */
export function ambiguityIn({ request }: CsrFacts): string | undefined {
  if (request && asksInMicrosoftsAttribute(request.der))
    return "it asks for extensions in Microsoft's attribute, which Kubernetes does not read"
  return undefined
}
