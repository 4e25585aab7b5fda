/** What is wrong with the requests of a node, as `certs verify` says it. Pure. */
import { shellWord } from './command-flags.ts'
import { isSent, resumeCommands } from './csr/resume-command.ts'
import { instant } from './instant.ts'
import { isOut, type ListedRequest, type LiveCertificate, type RequestFacts } from './pending-requests.ts'

export interface RequestFinding {
  readonly code: 'REQUEST_PENDING_LONG' | 'ANSWER_UNUSED' | 'REQUEST_INCOMPLETE' | 'REQUEST_MISSING'
  readonly severity: 'error' | 'warning' | 'info'
  /** The row. */
  readonly certificate: string
  readonly file: string
  readonly expected: string
  readonly found: string
  readonly impact: string
  readonly remedy: string
}

const DAY = 86_400_000
const LONG = 14 * DAY
const SOON = 30 * DAY

export function requestFindings(facts: RequestFacts, listed: readonly ListedRequest[]): RequestFinding[] {
  return [
    ...listed.flatMap(request => findingOf(facts, listed, request)),
    ...facts.live.filter(one => isForgotten(facts, listed, one)).map(one => forgotten(facts, one)),
  ]
}

function findingOf(
  facts: RequestFacts,
  listed: readonly ListedRequest[],
  request: ListedRequest,
): RequestFinding[] {
  const { name, csrFile, answerFile, age, state, message } = request
  if (state === 'answered' && answerFile !== undefined)
    return [
      {
        ...{ code: 'ANSWER_UNUSED', severity: 'warning', certificate: name, file: answerFile },
        ...{ expected: `installed as ${request.certificateFile}`, found: 'its answer lies unused' },
        impact: 'the old certificate stays in use until it expires',
        remedy: `kubepki certs import${listed.some(one => one.state === 'pending') ? ' --partial' : ''}${facts.commandFlags}`,
      },
    ]
  if (state === 'pending' && (age ?? 0) * 1000 > LONG)
    return [
      {
        ...{ code: 'REQUEST_PENDING_LONG', severity: 'warning', certificate: name, file: csrFile },
        ...{ expected: 'an answer within 14 days', found: `no answer for ${daysOf(age)} days` },
        impact: 'the certificate is not renewed',
        remedy: isSent(request)
          ? `ask whoever approves it in the cluster, then, with --kubeconfig as before: ${resumeCommands([request], facts.commandFlags)[0]}`
          : `ask the CA's people; to send them what waits again: kubepki certs requests --archive requests.tar${facts.commandFlags}`,
      },
    ]
  if (state === 'incomplete') return [incomplete(facts, request, message ?? '')]
  return []
}

function daysOf(age: number | null): number {
  return Math.floor(((age ?? 0) * 1000) / DAY)
}

/** A leftover beside live files does no harm. */
function incomplete(
  facts: RequestFacts,
  { name, csrFile, keyFile }: ListedRequest,
  flaw: string,
): RequestFinding {
  const isInPlace = facts.requests.some(one => one.csrFile === csrFile && one.isInPlace)
  return {
    code: 'REQUEST_INCOMPLETE',
    severity: isInPlace ? 'info' : 'warning',
    ...{ certificate: name, file: csrFile, expected: 'a request and its key', found: flaw },
    impact: 'an answer to it could not be used',
    remedy: isInPlace
      ? `remove it if no answer is on its way: rm ${shellWord(csrFile)}`
      : `put its other half back, or move ${csrFile} and ${keyFile} away and ask again: kubepki certs renew ${name} --csr-only${facts.commandFlags}`,
  }
}

/** Nobody else renews it. */
function isForgotten(
  { now }: RequestFacts,
  listed: readonly ListedRequest[],
  { name, notAfter, isOurExternal }: LiveCertificate,
): boolean {
  const isDue = notAfter.getTime() - now.getTime() <= SOON
  return isOurExternal && isDue && !listed.some(request => request.name === name && isOut(request))
}

function forgotten(facts: RequestFacts, { name, file, notAfter }: LiveCertificate): RequestFinding {
  const isExpired = notAfter <= facts.now
  return {
    code: 'REQUEST_MISSING',
    severity: 'warning',
    ...{ certificate: name, file, expected: 'a request to its external CA 30 days before its end' },
    found: `${isExpired ? 'expired' : 'expires'} ${instant(notAfter)}, and no request is out`,
    impact: isExpired ? 'what uses it does not work' : 'what uses it stops working then',
    remedy: `kubepki certs renew ${name} --csr-only${facts.commandFlags}`,
  }
}
