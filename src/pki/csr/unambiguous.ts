/** What is signed has one meaning: no two readers may see another request in the same bytes. */
import { asksInMicrosoftsAttribute } from '../../x509/extension-requests.ts'
import type { CsrFacts } from './rule.ts'

/** One block, no headers, nothing but line ends around it. Of text whose first block was read already. */
const ONE_BLOCK =
  /^[\r\n]*-----BEGIN CERTIFICATE REQUEST-----[ \t\r]*\n[A-Za-z0-9+/= \t\r\n]*-----END CERTIFICATE REQUEST-----[\r\n]*$/

/** In words; undefined: there is one meaning. */
export function ambiguityIn({ csr, request }: CsrFacts): string | undefined {
  const text = Buffer.from(csr.spec.request ?? '').toString('latin1')
  if (!ONE_BLOCK.test(text))
    return 'wanted one CERTIFICATE REQUEST block without headers in spec.request, found more around it'
  if (request && asksInMicrosoftsAttribute(request.der))
    return "it asks for extensions in Microsoft's attribute, which Kubernetes does not read"
  return undefined
}
