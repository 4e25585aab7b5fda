/**
 * Matches what an external CA returned with the requests that wait for it, by public key alone, and decides what is
 * installed. File names and order mean nothing. Pure.
 */
import { type Certificate, encodeCertificates } from '../x509/certificate.ts'
import { type AnswerCode, type AnswerFinding, endOf, findingsOf } from './answer-checks.ts'
import { type AnswerPath, answerPath } from './answer-path.ts'
import type { AwaitedRequest } from './awaited-request.ts'
import { ownershipOf } from './ownership.ts'
import { answeringCa, type Entry, entryNamed, type Snapshot, shownFile } from './snapshot.ts'
import {
  authorityInstead,
  isLive,
  isSuperseded,
  type Refusal,
  type ReturnedCertificate,
  stranger,
} from './strange-answer.ts'

export interface ImportOrder {
  readonly now: Date
  /** Milliseconds. */
  readonly minValidity: number
  readonly allow: readonly AnswerCode[]
  /** Installs what can be installed, whatever else is refused or has not come. */
  readonly partial: boolean
}

export interface ImportFacts {
  readonly snapshot: Snapshot
  readonly awaited: readonly AwaitedRequest[]
  readonly returned: readonly ReturnedCertificate[]
  /** Of requests that were replaced: public key -> row. */
  readonly replacedKeys: ReadonlyMap<string, string>
  /** Of requests whose answers were installed. */
  readonly installedKeys: ReadonlyMap<string, string>
}

export interface InstallStep {
  readonly awaited: AwaitedRequest
  readonly answer: ReturnedCertificate
  readonly path: AnswerPath & { readonly anchor: Certificate }
  readonly notAfter: Date
  /** Differences that were allowed. */
  readonly allowed: readonly AnswerFinding[]
}

export interface ImportPlan {
  readonly install: readonly InstallStep[]
  readonly refused: readonly Refusal[]
  readonly unanswered: readonly AwaitedRequest[]
  /** Rows whose certificate is one of those returned. */
  readonly alreadyInstalled: readonly Entry[]
  /** Answers that were installed once: they lie beside newer ones, and nobody minds. */
  readonly superseded: readonly ReturnedCertificate[]
}

export function planImport(facts: ImportFacts, order: ImportOrder): ImportPlan {
  const leaves = distinct(facts.returned)
  const judged = facts.awaited.map(awaited =>
    judgeAll(facts, order, { awaited, answers: answersTo(awaited, leaves) }),
  )
  const unmatched = leaves.filter(one => !isAnswer(one, facts.awaited) && !one.certificate.isCa)
  const alreadyInstalled = facts.snapshot.entries.filter(
    entry => entry.kind !== 'ca' && unmatched.some(one => isLive(entry, one)),
  )
  const others = unmatched.filter(one => !alreadyInstalled.some(entry => isLive(entry, one)))
  const isAllThatCame = others.length === leaves.filter(({ certificate }) => !certificate.isCa).length
  const superseded = isAllThatCame ? [] : others.filter(one => isSuperseded(facts, one))
  const strange = others.filter(one => !superseded.includes(one))
  const hasWork = facts.awaited.length > 0 || alreadyInstalled.length === 0
  const authorities = leaves.every(({ certificate }) => certificate.isCa) ? leaves : []
  return {
    install: judged.flatMap(({ step }) => step ?? []),
    refused: [
      ...judged.flatMap(({ refused }) => refused),
      ...(hasWork ? strange.map(one => stranger(facts, one)) : []),
      ...authorities.filter(one => !isAnswer(one, facts.awaited)).map(authorityInstead),
    ],
    unanswered: judged.flatMap(({ awaited, step, refused }) => (step || refused.length > 0 ? [] : awaited)),
    alreadyInstalled,
    superseded,
  }
}

/** The same certificate from several files is one. */
function distinct(returned: readonly ReturnedCertificate[]): ReturnedCertificate[] {
  return [
    ...new Map(returned.toReversed().map(one => [one.certificate.fingerprintSha256, one])).values(),
  ].toReversed()
}

function answersTo({ publicKeySha256 }: AwaitedRequest, returned: readonly ReturnedCertificate[]) {
  return returned.filter(one => one.publicKeySha256 === publicKeySha256)
}

function isAnswer(one: ReturnedCertificate, awaited: readonly AwaitedRequest[]): boolean {
  return awaited.some(({ publicKeySha256 }) => publicKeySha256 === one.publicKeySha256)
}

interface Judged {
  readonly awaited: AwaitedRequest
  readonly step?: InstallStep
  readonly refused: readonly Refusal[]
}

interface Candidates {
  readonly awaited: AwaitedRequest
  readonly answers: readonly ReturnedCertificate[]
}

/** Of several good answers to one request the one that lasts longest. */
function judgeAll(facts: ImportFacts, order: ImportOrder, { awaited, answers }: Candidates): Judged {
  const judged = answers.map(answer => judge(facts, order, { awaited, answer }))
  const steps = judged.flatMap(({ step }) => step ?? [])
  const [best] = steps.toSorted((a, b) => b.notAfter.getTime() - a.notAfter.getTime())
  return best
    ? { awaited, step: best, refused: [] }
    : { awaited, refused: judged.flatMap(({ refused }) => refused) }
}

interface Match {
  readonly awaited: AwaitedRequest
  readonly answer: ReturnedCertificate
}

function judge(facts: ImportFacts, order: ImportOrder, { awaited, answer }: Match): Judged {
  const { entry, wanted } = awaited
  const obstacle = installObstacle(facts.snapshot, awaited)
  if (obstacle) return { awaited, refused: [{ name: entry.name, file: answer.file, ...obstacle }] }
  const path = pathOf(facts, entry, answer.certificate)
  const findings = findingsOf({ ...order, wanted, certificate: answer.certificate, path })
  const refused = findings.filter(({ code }) => !order.allow.includes(code))
  if (refused.length > 0) {
    return { awaited, refused: refused.map(finding => ({ name: entry.name, file: answer.file, ...finding })) }
  }
  const anchor = path.anchor ?? (authoritiesIn(facts.snapshot, answeringCa(entry))[0] as Certificate)
  const step = {
    awaited,
    answer,
    path: { ...path, anchor },
    notAfter: endOf(answer.certificate, path).notAfter,
    allowed: findings,
  }
  return { awaited, step, refused: [] }
}

/** Why nothing can be installed for a row, whatever comes. */
export function installObstacle(
  snapshot: Snapshot,
  { entry, place }: Pick<AwaitedRequest, 'entry' | 'place'>,
): Omit<Refusal, 'name' | 'file'> | undefined {
  const { others } = ownershipOf(snapshot, entry)
  const caName = answeringCa(entry)
  if (authoritiesIn(snapshot, caName).length === 0) {
    const file = entryNamed(snapshot, caName)?.file.path ?? caName ?? 'its CA'
    return {
      code: 'CA_CERTIFICATE_MISSING',
      field: 'CA',
      wanted: `${file}, to check by`,
      found: 'no certificate there',
    }
  }
  if (others.length > 0) {
    const found = `it is also a file of ${others.join(', ')}`
    return { code: 'SHARED_FILE', field: shownFile(entry), wanted: 'a file of its own', found }
  }
  const places = [entry.certificateFile ?? entry.file, ...(entry.key ? [entry.key] : [])]
  const nowhere = places.find(({ realPath }) => realPath === undefined)
  if (entry.kind === 'kubeconfig' && place === 'directory' && !entry.kubeconfig?.config.clientKey) {
    const wanted = 'a kubeconfig with a client certificate and its key, to replace both'
    return { code: 'PLACE_UNUSABLE', field: entry.file.path, wanted, found: 'none that can be used' }
  }
  return (
    nowhere && {
      code: 'PLACE_UNUSABLE',
      field: nowhere.path,
      wanted: 'a place to write to',
      found: 'a link out of the root, or to nothing',
    }
  )
}

function authoritiesIn(snapshot: Snapshot, caName: string | undefined): readonly Certificate[] {
  const certificate = entryNamed(snapshot, caName)?.certificate
  return certificate?.state === 'present' ? certificate.certificates : []
}

function pathOf({ snapshot, returned }: ImportFacts, entry: Entry, certificate: Certificate): AnswerPath {
  const caName = answeringCa(entry)
  const anchors = authoritiesIn(snapshot, caName) as [Certificate, ...Certificate[]]
  const others = returned.flatMap(one => (one.certificate === certificate ? [] : one.certificate))
  const strangers = snapshot.entries.flatMap(({ name, kind }) =>
    kind === 'ca' && name !== caName ? [[name, authoritiesIn(snapshot, name)] as const] : [],
  )
  return answerPath(certificate, { anchors, others, strangers: new Map(strangers) })
}

/** Leaf first, then what has to stand behind it. */
export function answerText({ answer, path }: InstallStep): string {
  return encodeCertificates([answer.certificate, ...path.intermediates])
}
