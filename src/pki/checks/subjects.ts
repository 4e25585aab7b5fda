/** What the checks go through: the rows whose certificate can be read, and what to do about one. */
import { isKubeletsName } from '../../inventory/names.ts'
import type { Certificate } from '../../x509/certificate.ts'
import type { Evidence } from '../evidence.ts'
import { isManagedElsewhere } from '../external-ca.ts'
import { type Entry, shownFile } from '../snapshot.ts'

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

export function authoritiesAmong(subjects: readonly Subject[]): readonly Subject[] {
  return subjects.filter(({ entry }) => entry.kind === 'ca')
}

export function leavesAmong(subjects: readonly Subject[]): readonly Subject[] {
  return subjects.filter(({ entry }) => entry.kind !== 'ca')
}

/** The command that gives a row a new certificate; of a copy of a kubeconfig, what replaces the copy. */
export function renewalOf({ snapshot, copies }: Evidence, entry: Entry): string {
  const flags = snapshot.commandFlags
  if (copies.includes(entry))
    return `copy the renewed admin.conf over it: cp ${adminConf(snapshot.entries)} ${entry.file.path}`
  return isManagedElsewhere(snapshot, entry)
    ? `its CA is elsewhere: kubepki certs renew ${entry.name} --csr-only${flags}, and have the request signed`
    : `kubepki certs renew ${entry.name}${flags}`
}

function adminConf(entries: readonly Entry[]): string {
  return entries.find(({ name }) => name === 'admin.conf')?.file.path ?? '/etc/kubernetes/admin.conf'
}
