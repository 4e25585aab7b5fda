/** By which rules a request is judged, and what they say of it. */
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import type { NodeObject } from '../kubernetes/node-object.ts'
import { factsOf } from '../pki/csr/facts.ts'
import { POLICIES, type Policy, parsePolicy } from '../pki/csr/policy.ts'
import type { CsrFacts, CsrPeer, CsrVerdict, Outcome } from '../pki/csr/rule.ts'
import { judge, offlineFlaws } from '../pki/csr/verdict.ts'
import { PkiError } from '../errors.ts'
import { readUserFile } from '../store/files.ts'

export interface NamedPolicy {
  readonly name: string
  /** Absent: the rules of the API server and of the signer alone. */
  readonly policy: Policy | undefined
}

/** A built-in one, or a file. */
export function readPolicy(word: string): NamedPolicy {
  const known = Object.hasOwn(POLICIES, word) ? POLICIES[word] : undefined
  if (known) return { name: `policy ${word}`, policy: known }
  const read = parsePolicy(readUserFile(word))
  if (!('problem' in read)) return { name: `policy ${word}`, policy: read }
  throw new PkiError('CONFIG_INVALID', `${word}: ${read.problem}`, {
    hint: `a file, or one of ${Object.keys(POLICIES).join(', ')}`,
  })
}

/** Where no policy is named. */
const USUAL: Readonly<Record<string, string>> = {
  'kubernetes.io/kube-apiserver-client-kubelet': 'kubelet-client',
  'kubernetes.io/kubelet-serving': 'kubelet-serving',
}

const BARE: NamedPolicy = { name: 'the rules of the API server and of its signer', policy: undefined }

function policiesFor(csr: CertificateSigningRequest, given: readonly NamedPolicy[]): readonly NamedPolicy[] {
  if (given.length > 0) return given
  const usual = USUAL[csr.spec.signerName]
  return [usual === undefined ? BARE : readPolicy(usual)]
}

export interface Judged {
  readonly verdict: CsrVerdict
  readonly policyName: string
}

export interface Bench {
  readonly now: Date
  readonly policies: readonly NamedPolicy[]
  readonly nodes: readonly NodeObject[] | undefined
  readonly peers: readonly CsrPeer[]
}

const PREFERRED: readonly Outcome[] = ['approve', 'deny', 'leave']

/** By several policies: one that approves is enough, and one that denies says more than one that does not care. */
export function judgeRequest(csr: CertificateSigningRequest, { now, policies, nodes, peers }: Bench): Judged {
  const facts = factsOf(csr, { now, nodes, all: peers })
  const judged = policiesFor(csr, policies).map(({ name, policy }) => ({
    verdict: policy ? judge(facts, policy) : bareVerdict(facts),
    policyName: name,
  }))
  const rankOf = ({ verdict }: Judged) => PREFERRED.indexOf(verdict.outcome)
  return judged.toSorted((one, other) => rankOf(one) - rankOf(other))[0] as Judged
}

function bareVerdict(facts: CsrFacts): CsrVerdict {
  const rules = offlineFlaws(facts)
  const isBroken = rules.some(({ ok, level }) => !ok && level === 'must')
  return { name: facts.csr.name, outcome: isBroken ? 'deny' : 'approve', rules }
}

/** Whether Node objects say anything about it. */
export function asksForNodes({ spec: { signerName } }: CertificateSigningRequest): boolean {
  return Object.hasOwn(USUAL, signerName)
}
