/** One request has one meaning: whoever approves it and whoever signs it see the same. */
import { disputedPart } from '../../x509/request-form.ts'
import { bad, good, type Rule } from './rule.ts'

export const UNDISPUTED_RULE: Rule<unknown> = {
  code: 'REQUEST_UNDISPUTED',
  wants: 'no reader sees another request in the same bytes',
  onFailure: 'deny',
  look: ({ request }) => {
    if (!request) return undefined
    const part = disputedPart(request)
    return part === undefined ? good('the same to all') : bad(part)
  },
}
