/** What the checks go through: the rows whose certificate can be read, who signed it, and what to do about one. */
import { impactOf, isKubeletsName } from '../../inventory/names.ts'
import { type Certificate, isSameCertificate, publicKeySha256Of } from '../../x509/certificate.ts'
import { isKeyOf } from '../../x509/key.ts'
import { answerPath } from '../answer-path.ts'
import { pathAbove } from '../certification-path.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { isManagedElsewhere } from '../external-ca.ts'
import { type Entry, entryNamed, shownFile } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'

/** A row whose certificate is there. */
export interface Subject {
  readonly entry: Entry
  readonly name: string
  readonly file: string
  /** The first of its file. */
  readonly leaf: Certificate
  /** What stands behind it in the file. */
  readonly rest: readonly Certificate[]
}

/** Every row and every copy of a kubeconfig, in the inventory's order. */
export function subjectsOf({ snapshot, copies }: Evidence): readonly Subject[] {
  return [...snapshot.entries, ...copies].flatMap(entry => {
    if (entry.certificate.state !== 'present') return []
    const [leaf, ...rest] = entry.certificate.certificates
    return [{ entry, name: entry.name, file: shownFile(entry), leaf, rest }]
  })
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

/** Every leaf once that a CA has to have signed: a kubeconfig may refer to a file that is a row too. */
export function signedLeavesOf(evidence: Evidence): readonly Subject[] {
  const leaves = subjectsOf(evidence).filter(({ entry }) => entry.kind !== 'ca' && entry.caName !== undefined)
  return leaves.filter(
    (one, index) => !leaves.slice(0, index).some(other => other.file === one.file && hasSameLeaf(one, other)),
  )
}

export function hasSameLeaf(one: Pick<Subject, 'leaf'>, other: Pick<Subject, 'leaf'>): boolean {
  return isSameCertificate(one.leaf, other.leaf)
}

/** Everything that is in the file of a CA; nothing where it cannot be read. */
export function certificatesOf({ snapshot }: Evidence, name: string | undefined): readonly Certificate[] {
  const certificate = entryNamed(snapshot, name)?.certificate
  return certificate?.state === 'present' ? certificate.certificates : []
}

/** The certificates above it, up to the CA that its row names by the way that lasts longest; else as far as they are known. */
export function pathOf(evidence: Evidence, { entry, leaf, rest }: Subject): readonly Certificate[] {
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

/** A subject, and twelve digits of its key's hash: two CAs often have one name. */
export function shownKey(certificate: Certificate): string {
  return `${certificate.subject || 'no subject'} (key ${publicKeySha256Of(certificate).slice(0, 12)})`
}

/** The command that gives a row a new certificate; of a copy of a kubeconfig, what replaces the copy. */
export function renewalOf({ snapshot, copies }: Evidence, entry: Entry): string {
  const flags = snapshot.commandFlags
  const admin = entryNamed(snapshot, 'admin.conf')?.file.path ?? '/etc/kubernetes/admin.conf'
  if (copies.includes(entry)) return `cp ${shellWord(admin)} ${shellWord(entry.file.path)}`
  return isManagedElsewhere(snapshot, entry)
    ? `its CA is elsewhere: kubepki certs renew ${entry.name} --csr-only${flags}, and have the request signed`
    : `kubepki certs renew ${entry.name}${flags}`
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
export function each(
  rows: (evidence: Evidence) => readonly Subject[],
  look: (subject: Subject, evidence: Evidence) => Wrong | undefined,
): Check['find'] {
  return evidence =>
    rows(evidence).flatMap(subject => {
      const wrong = look(subject, evidence)
      return wrong ? observe(evidence, subject, wrong) : []
    })
}

/** Of a CA no command makes a new one. */
export function ofCa({ kind }: Subject['entry']) {
  return kind === 'ca' ? { remedy: 'the CA must be replaced by a new one that every node trusts first' } : {}
}
