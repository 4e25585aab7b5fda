/** What to do about an answer that is refused, as somebody reads it who has not asked for one before. */
import type { AnswerCode } from './answer-checks.ts'
import type { MatchCode } from './strange-answer.ts'

const STRANGER = (flags: string) =>
  `it answers none of the requests that wait here (kubepki certs requests${flags}): perhaps one that was replaced, another node's, or one with another --csr-dir`
const AGAIN = () => 'have it signed again, for what SIGNING.md says'
const AGAIN_OR_ALLOWED = () => `${AGAIN()}; a difference that you know of passes with --allow CODE`
const NONE = () => undefined

type Remedy = (commandFlags: string) => string | undefined

const REMEDIES: Partial<Record<AnswerCode | MatchCode, Remedy>> = {
  KEY_OF_NO_REQUEST: STRANGER,
  KEY_OF_OLDER_REQUEST: STRANGER,
  KEY_OF_LIVE_CERTIFICATE: STRANGER,
  NOT_SIGNED_BY_CA: () =>
    'have it signed by the CA that the cluster trusts: SIGNING.md has its subject and fingerprint',
  INTERMEDIATE_MISSING: flags =>
    `get the certificate of the CA that signed it too, and name it with the answers: kubepki certs import DIR INTERMEDIATE.crt${flags}`,
  IS_A_CA: AGAIN,
  CA_INSTEAD_OF_LEAF: () =>
    'each request has an answer of its own: the CA has to sign the requests, its certificate comes beside them',
  CA_CERTIFICATE_MISSING: NONE,
  PLACE_UNUSABLE: NONE,
  SHARED_FILE: NONE,
}

/** Each once. */
export function answerRemedies(
  codes: readonly (AnswerCode | MatchCode)[],
  commandFlags: string,
): readonly string[] {
  return [...new Set(codes.flatMap(code => (REMEDIES[code] ?? AGAIN_OR_ALLOWED)(commandFlags) ?? []))]
}
