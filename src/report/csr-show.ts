/** One CertificateSigningRequest: what the object asks for beside what the request in it says, and its verdict. */
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import { humanDuration } from '../kubernetes/duration.ts'
import type { CsrFacts, CsrVerdict, RuleResult } from '../pki/csr/rule.ts'
import { signerOf } from '../pki/csr/signer-rules.ts'
import { age, stateInWords } from '../pki/csr/state-words.ts'
import { judgeName, plain } from '../pki/csr/words.ts'
import { instant } from '../pki/instant.ts'
import type { CertificateRequest } from '../x509/certificate-request.ts'
import { describeSubjectAltName } from '../x509/subject-alt-name.ts'
import { extKeyUsageIn, isCaIn, keyUsageIn } from '../x509/usage.ts'
import { OUTCOME_STYLES, ruleLines } from './csr-verdicts.ts'
import { paintFor, type Terminal } from './paint.ts'
import { API_VERSION, renderJson, renderYaml } from './structured.ts'
import { tableLines } from './table.ts'

export interface ShownRequest {
  readonly facts: CsrFacts
  readonly verdict: CsrVerdict
  /** Also of rules that the policy did not come to. */
  readonly rules: readonly RuleResult[]
  /** Absent: there is none for its signer. */
  readonly policy: string | undefined
}

const NOTHING = '-'
const SPACING = { least: 0, padding: 3 }

function renderText(shown: ShownRequest, terminal?: Terminal): string {
  const paint = paintFor(terminal)
  const { csr, request, now } = shown.facts
  const head = tableLines(headCells(csr, now), SPACING)
  const body = tableLines(
    [['', 'THE OBJECT ASKS FOR', 'THE REQUEST IN IT SAYS'], ...bodyCells(csr, request)],
    SPACING,
  )
  const verdict = `Verdict by ${judgeName(shown.policy)}: ${paint(OUTCOME_STYLES[shown.verdict.outcome], shown.verdict.outcome)}`
  return `${[...head, '', ...body.map(line => line.trimEnd()), '', verdict, ...ruleLines(shown.rules, paint)].join('\n')}\n`
}

function headCells(csr: CertificateSigningRequest, now: Date): string[][] {
  const { spec, creationTimestamp: made } = csr
  const promise = signerOf(spec.signerName)?.promise
  return [
    ['Name:', plain(csr.name) || `${plain(csr.generateName ?? '')}*`],
    ['Signer:', `${plain(spec.signerName)}${promise === undefined ? '' : ` (${promise})`}`],
    ['Requester:', plain(spec.username) || '(not said: never in a cluster)'],
    ['Groups:', spec.groups.map(plain).join(', ') || NOTHING],
    ['Made:', made ? `${instant(made)} (${age(made, now)} ago)` : NOTHING],
    ['State:', stateInWords(csr, now)],
  ]
}

function bodyCells({ spec }: CertificateSigningRequest, request: CertificateRequest | undefined): string[][] {
  const { expirationSeconds } = spec
  const said = request ? saidBy(request) : undefined
  return [
    ['subject', NOTHING, said?.subject ?? '(cannot be read)'],
    ['SANs', NOTHING, said?.subjectAltNames.join(', ') || NOTHING],
    ['usages', spec.usages.map(plain).join(', ') || NOTHING, said?.usages.join(', ') || NOTHING],
    ['CA', 'never', said?.isCa ? 'asks for CA:TRUE' : NOTHING],
    [
      'duration',
      expirationSeconds === undefined ? "the signer's" : humanDuration(expirationSeconds),
      NOTHING,
    ],
    ['key', NOTHING, said?.key ?? NOTHING],
    ['signature', NOTHING, said?.signature ?? NOTHING],
    ['extensions', NOTHING, said?.extensions.join(', ') || NOTHING],
  ]
}

const EXTENSION_NAMES: Readonly<Record<string, string>> = {
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.15': 'keyUsage',
  '2.5.29.17': 'subjectAltName',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.37': 'extKeyUsage',
}

function saidBy(request: CertificateRequest) {
  const { extensions, signature, keyAlgorithm, publicKeySha256, isProved } = request
  const { scheme, hash } = signature
  return {
    subject: plain(request.subjectText) || '(empty)',
    subjectAltNames: request.subjectAltNames.map(name => plain(describeSubjectAltName(name))),
    usages: [...(keyUsageIn(extensions) ?? []), ...(extKeyUsageIn(extensions) ?? [])].map(plain),
    isCa: isCaIn(extensions),
    key: `${plain(keyAlgorithm)}, SHA-256 ${publicKeySha256.slice(0, 16)}…`,
    signature: `${scheme === 'unknown' ? plain(hash) : `${scheme} with ${plain(hash)}`}, ${isProved ? 'made with this key' : 'NOT made with this key'}`,
    extensions: [...extensions.keys()].map(oid => EXTENSION_NAMES[oid] ?? oid),
  }
}

function document({ facts: { csr, request, now }, verdict, rules, policy }: ShownRequest): object {
  const { spec } = csr
  const decoded = request && {
    subject: request.subjectText,
    subjectAltNames: request.subjectAltNames.map(describeSubjectAltName),
    keyUsage: keyUsageIn(request.extensions) ?? [],
    extKeyUsage: extKeyUsageIn(request.extensions) ?? [],
    isCa: isCaIn(request.extensions),
    keyAlgorithm: request.keyAlgorithm,
    publicKeySha256: request.publicKeySha256,
    signature: request.signature,
    isProved: request.isProved,
    extensions: [...request.extensions.keys()],
  }
  const { signerName, usages, expirationSeconds, username, groups } = spec
  return {
    kind: 'CsrDescription',
    apiVersion: API_VERSION,
    name: csr.name,
    spec: { signerName, usages, expirationSeconds, username, groups },
    creationTimestamp: csr.creationTimestamp ? instant(csr.creationTimestamp) : null,
    state: stateInWords(csr, now),
    request: decoded ?? null,
    ...{ policy, outcome: verdict.outcome, rules },
  }
}

export const CSR_SHOW_FORMATS = {
  text: renderText,
  json: (shown: ShownRequest) => renderJson(document(shown)),
  yaml: (shown: ShownRequest) => renderYaml(document(shown)),
} as const satisfies Record<string, (shown: ShownRequest, terminal?: Terminal) => string>
