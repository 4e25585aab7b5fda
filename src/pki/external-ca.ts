import { type Entry, entryNamed, type Snapshot } from './snapshot.ts'

/** One rule for every CA: its certificate is here, its key is not. Who signed what plays no part. */
export function isExternallyManaged(authority: Entry | undefined): boolean {
  return authority?.certificate.state === 'present' && authority.key?.state === 'missing'
}

/** A leaf is managed where its CA is. */
export function isManagedElsewhere(snapshot: Snapshot, entry: Entry): boolean {
  return isExternallyManaged(entry.kind === 'ca' ? entry : entryNamed(snapshot, entry.caName))
}
