/** What is wrong with the requests to an external CA: worked out with them, told here. */
import type { RequestFinding } from '../request-findings.ts'
import type { Check } from './check.ts'

interface RequestCheck {
  readonly code: RequestFinding['code']
  readonly title: string
  readonly remedy: string
}

const ROWS: readonly RequestCheck[] = [
  {
    code: 'REQUEST_PENDING_LONG',
    title: 'a request has waited for more than 14 days',
    remedy: "ask the CA's people, or send the request again",
  },
  {
    code: 'ANSWER_UNUSED',
    title: "a CA's answer lies there and is not installed",
    remedy: 'certs import',
  },
  {
    code: 'REQUEST_INCOMPLETE',
    title: 'a request lacks its key, or a key its request',
    remedy: 'put the other half back, or ask again',
  },
  {
    code: 'REQUEST_MISSING',
    title: 'the certificate of an external CA ends soon, and no request is out',
    remedy: 'certs renew NAME --csr-only',
  },
]

export const REQUEST_CHECKS: readonly Check[] = ROWS.map(row => ({
  ...row,
  group: 'requests',
  severity: 'warning',
  needs: ['keys', 'requests'],
  find: ({ requests }) => requests.filter(({ code }) => code === row.code),
}))
