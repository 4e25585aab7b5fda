/** What has to be done about a CA before anything is signed with it again. */
import { assessAuthority } from '../authority.ts'
import type { Evidence } from '../evidence.ts'
import { type Entry, entryNamed } from '../snapshot.ts'

export const NEW_CA =
  'make a new CA, have every node trust it beside this one, and renew every certificate before this one is taken out'

/** What stands before a command that signs with it: where it is fit, or nothing is known of it, nothing. */
export function firstOf(evidence: Evidence, below: Pick<Entry, 'caName'>): string {
  const trouble = troubleOf(evidence, below)
  return trouble === undefined ? '' : `first ${trouble}; then `
}

function troubleOf({ snapshot, keys, now }: Evidence, { caName }: Pick<Entry, 'caName'>) {
  const authority = entryNamed(snapshot, caName)
  const key = authority && keys.get(authority.name)
  if (!authority || !key) return undefined
  const isOver = `replace its CA: see CA_EXPIRED of ${authority.name}`
  if (hasExpired(authority, now)) return isOver
  if (key.state === 'invalid' && key.reason === 'PERMISSION_DENIED') return undefined
  const state = assessAuthority(authority, key, now)
  if (state.state !== 'unusable') return undefined
  return state.problem === 'CA_EXPIRED' ? isOver : (state.hint ?? state.message)
}

function hasExpired({ certificate }: Entry, now: Date): boolean {
  return certificate.state === 'present' && certificate.certificates.every(({ notAfter }) => notAfter <= now)
}
