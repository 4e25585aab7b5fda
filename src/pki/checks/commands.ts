/** What remedies are made of: commands that can be run as they stand. */
import type { SubjectAltName } from '../../x509/subject-alt-name.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { isManagedElsewhere } from '../external-ca.ts'
import { readableNames } from '../names-of-certificate.ts'
import type { Entry } from '../snapshot.ts'
import { firstOf } from './before-signing.ts'
import { furtherNames, outOfTheWay, phaseOf, renewalOf } from './repairs.ts'
import { swappingBack } from './swapped-pairs.ts'

/** A new one as kubeadm makes it: a renewal keeps subject and usages as they are. */
export function remakeOf(evidence: Evidence, entry: Entry): string {
  const { snapshot, copies } = evidence
  if (copies.includes(entry) || isManagedElsewhere(snapshot, entry)) return renewalOf(evidence, entry)
  const swap = swappingBack(evidence, entry)
  if (swap !== undefined) return swap
  const make = `kubepki init phase ${phaseOf(entry)}${namesKept(entry)}${snapshot.commandFlags}`
  const further = furtherNames(evidence, entry, namesKept(entry) !== '')
  return `${firstOf(evidence, entry)}${outOfTheWay(entry)}${make}${further}`
}

/** What was added to the API server's names is in no other file that is sure to be here. */
function namesKept({ name, certificate }: Entry): string {
  if (name !== 'apiserver' || certificate.state !== 'present') return ''
  const names = readableNames(certificate.certificates[0])
  const kept = names.flatMap(({ type, value }) => (type === 'DNS' || type === 'IP' ? value : []))
  return kept.length === 0 ? '' : ` --apiserver-cert-extra-sans ${shellWord(kept.join(','))}`
}

export function renewalWithNames(evidence: Evidence, entry: Entry, names: readonly SubjectAltName[]): string {
  return swappingBack(evidence, entry) ?? renewalOf(evidence, entry, sansFlag('add', names))
}

/** A certificate of another node made one of this node: it gets a key of its own too. */
export function renewalForThisNode(
  evidence: Evidence,
  entry: Entry,
  { own, foreign }: Readonly<Record<'own' | 'foreign', readonly SubjectAltName[]>>,
): string {
  return renewalOf(evidence, entry, `${sansFlag('add', own)}${sansFlag('remove', foreign)}`)
}

/** What is no DNS name and no address cannot be named. */
function sansFlag(verb: 'add' | 'remove', names: readonly SubjectAltName[]): string {
  const texts = names.flatMap(({ type, value }) => (type === 'DNS' || type === 'IP' ? value : []))
  return texts.length === 0 ? '' : ` --${verb}-san ${shellWord(texts.join(','))}`
}
