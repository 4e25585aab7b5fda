/** What remedies are made of: commands that can be run as they stand. */
import type { SubjectAltName } from '../../x509/subject-alt-name.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { isManagedElsewhere } from '../external-ca.ts'
import { readableNames } from '../names-of-certificate.ts'
import type { Entry } from '../snapshot.ts'
import { firstOf } from './before-signing.ts'
import { furtherNames } from './repairs.ts'
import { renewalOf } from './subjects.ts'
import { swappingBack } from './swapped-pairs.ts'

/** A new one as kubeadm makes it: a renewal keeps subject and usages as they are. */
export function remakeOf(evidence: Evidence, entry: Entry): string {
  const { snapshot, copies } = evidence
  if (copies.includes(entry) || isManagedElsewhere(snapshot, entry)) return renewalOf(evidence, entry)
  const swap = swappingBack(evidence, entry)
  if (swap !== undefined) return swap
  const isKubeconfig = entry.kind === 'kubeconfig'
  const files = [entry.file, ...(isKubeconfig || !entry.key ? [] : [entry.key])]
  const moves = files.map(({ path }) => `mv --backup=numbered ${shellWord(path)} ${shellWord(`${path}.old`)}`)
  const phase = isKubeconfig ? `kubeconfig ${entry.name.replace(/\.conf$/, '')}` : `certs ${entry.name}`
  const make = `kubepki init phase ${phase}${namesKept(entry)}${snapshot.commandFlags}`
  const first = firstOf(evidence, entry)
  const remake = `${[...moves, make].join(' && ')}${furtherNames(evidence, entry, namesKept(entry) !== '')}`
  return first === undefined ? remake : `${first}; then ${remake}`
}

/** What was added to the API server's names is in no other file that is sure to be here. */
function namesKept({ name, certificate }: Entry): string {
  if (name !== 'apiserver' || certificate.state !== 'present') return ''
  const names = readableNames(certificate.certificates[0])
  const kept = names.flatMap(({ type, value }) => (type === 'DNS' || type === 'IP' ? value : []))
  return kept.length === 0 ? '' : ` --apiserver-cert-extra-sans ${shellWord(kept.join(','))}`
}

export function renewalWithNames(evidence: Evidence, entry: Entry, names: readonly SubjectAltName[]): string {
  const { snapshot } = evidence
  const swap = swappingBack(evidence, entry)
  if (swap !== undefined) return swap
  const added = names.map(({ value }) => ` --add-san ${shellWord(value)}`).join('')
  const rest = `${added}${snapshot.commandFlags}`
  return isManagedElsewhere(snapshot, entry)
    ? `kubepki certs renew ${entry.name} --csr-only${rest} # its CA is elsewhere: have the request signed, then kubepki certs import`
    : `kubepki certs renew ${entry.name}${rest}`
}
