/** What the checks go through: the rows whose certificate can be read, who signed it, and what to do about one. */
import { impactOf, isKubeletsName } from '../../inventory/names.ts'
import { type Certificate, isSameCertificate, publicKeySha256Of } from '../../x509/certificate.ts'
import { isKeyOf, type PrivateKey } from '../../x509/key.ts'
import { answerPath } from '../answer-path.ts'
import { pathAbove } from '../certification-path.ts'
import type { Evidence } from '../evidence.ts'
import { type Entry, entryNamed, type Found, shownFile } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { renewalOf } from './repairs.ts'

/** A row whose certificate is there. */
export interface Subject {
  readonly entry: Entry
  readonly name: string
  readonly file: string
  /** That of the key; where none is, or of a CA, the first of its file. */
  readonly leaf: Certificate
  /** What else is in the file, in its order. */
  readonly rest: readonly Certificate[]
}

/** Every row and every copy of a kubeconfig, in the inventory's order. */
export const subjectsOf = once(({ snapshot, copies, keys }: Evidence): readonly Subject[] =>
  [...snapshot.entries, ...copies].flatMap(entry => {
    if (entry.certificate.state !== 'present') return []
    const { certificates } = entry.certificate
    const leaf = ownOf(certificates, entry.kind === 'ca' ? undefined : keys.get(entry.name))
    const rest = certificates.filter(one => one !== leaf)
    return [{ entry, name: entry.name, file: shownFile(entry), leaf, rest }]
  }),
)

function ownOf(
  certificates: readonly [Certificate, ...Certificate[]],
  key: Found<PrivateKey> | undefined,
): Certificate {
  const [first, ...more] = certificates
  if (more.length === 0 || key?.state !== 'present' || isKeyOf(key, first)) return first
  return more.find(one => isKeyOf(key, one)) ?? first
}

/** Worked out once for each argument: the checks ask for it again and again. */
function once<From extends object, To>(work: (from: From) => To): (from: From) => To {
  const known = new WeakMap<From, To>()
  return from => {
    const answer = known.get(from) ?? work(from)
    known.set(from, answer)
    return answer
  }
}

/** Those that are the kubelet's to renew have checks of their own. */
export function isKubelets({ name }: Pick<Entry, 'name'>): boolean {
  return isKubeletsName(name)
}

export function authoritiesOf(evidence: Evidence): readonly Subject[] {
  return subjectsOf(evidence).filter(({ entry }) => entry.kind === 'ca')
}

/** Those that kubepki or an external CA renews. */
export function leavesOf(evidence: Evidence): readonly Subject[] {
  return subjectsOf(evidence).filter(({ entry }) => entry.kind !== 'ca' && !isKubelets(entry))
}

/** What has expired is told once, and no more is said of its time. */
export function livingLeaves(evidence: Evidence): readonly Subject[] {
  return leavesOf(evidence).filter(({ leaf }) => leaf.notAfter > evidence.now)
}

/** Every leaf once: a kubeconfig may refer to a file that is a row too. */
export const eachLeafOf = once((evidence: Evidence): readonly Subject[] => {
  const leaves = subjectsOf(evidence).filter(({ entry }) => entry.kind !== 'ca')
  return leaves.filter(
    (one, index) => !leaves.slice(0, index).some(other => other.file === one.file && hasSameLeaf(one, other)),
  )
})

/** Those that a CA has to have signed. */
export function signedLeavesOf(evidence: Evidence): readonly Subject[] {
  return eachLeafOf(evidence).filter(({ entry }) => entry.caName !== undefined)
}

export function hasSameLeaf(one: Pick<Subject, 'leaf'>, other: Pick<Subject, 'leaf'>): boolean {
  return isSameCertificate(one.leaf, other.leaf)
}

/** Everything that is in the file of a row; nothing where it cannot be read. */
export function certificatesOf(
  { snapshot }: Pick<Evidence, 'snapshot'>,
  name: string | undefined,
): readonly Certificate[] {
  const certificate = entryNamed(snapshot, name)?.certificate
  return certificate?.state === 'present' ? certificate.certificates : []
}

/** The certificates above it, up to the CA that its row names by the way that lasts longest; else as far as they are known. */
export function pathOf(evidence: Evidence, subject: Subject): readonly Certificate[] {
  return pathsOf(evidence)(subject)
}

const pathsOf = once((evidence: Evidence) => once((subject: Subject) => findPath(evidence, subject)))

function findPath(evidence: Evidence, { entry, leaf, rest }: Subject): readonly Certificate[] {
  const [first, ...more] = certificatesOf(evidence, entry.caName)
  if (first) {
    const facts = { anchors: [first, ...more], others: rest, strangers: new Map() } as const
    const { intermediates, anchor } = answerPath(leaf, facts)
    if (anchor) return [...intermediates, anchor]
  }
  const others = authoritiesOf(evidence).flatMap(({ name }) => certificatesOf(evidence, name))
  return pathAbove(leaf, [...others, ...rest])
}

/** The certificate with which a CA signs here: that of its key, whichever stands first where there is none. */
export function signingCertificateOf({ keys, now }: Evidence, authority: Subject): Certificate {
  const key = keys.get(authority.name)
  const all = [authority.leaf, ...authority.rest]
  const own = key?.state === 'present' ? all.filter(one => isKeyOf(key, one)) : all
  return own.find(one => one.notAfter > now) ?? own[0] ?? authority.leaf
}

/** `CN=kubernetes (key 0123456789ab)`: two CAs often have one name. */
export function shownKey(certificate: Certificate): string {
  return `${certificate.subject || 'no subject'} (key ${publicKeySha256Of(certificate).slice(0, 12)})`
}

export function shownKeys(certificates: readonly Certificate[]): string {
  return certificates.map(shownKey).join(', ')
}

type Seen = Pick<Observation, 'expected' | 'found'> & Partial<Observation>

/** What is wrong with a row: its own impact and renewal, where nothing better is known. */
export function observe(
  evidence: Evidence,
  { entry, name, file }: Pick<Subject, 'entry' | 'name' | 'file'>,
  seen: Seen,
): Observation {
  return { certificate: name, file, impact: impactOf(name), remedy: renewalOf(evidence, entry), ...seen }
}

type Wrong = Partial<Observation> & Pick<Observation, 'expected' | 'found'>

/** One look at each row. */
export function each<Row extends Subject>(
  rows: (evidence: Evidence) => readonly Row[],
  look: (row: Row, evidence: Evidence) => Wrong | undefined,
): Check['find'] {
  return evidence =>
    rows(evidence).flatMap(subject => {
      const wrong = look(subject, evidence)
      return wrong ? observe(evidence, subject, wrong) : []
    })
}
