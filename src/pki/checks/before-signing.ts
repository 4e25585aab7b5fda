/** What has to be done about a CA before anything is signed with it again. */
import { assessAuthority } from '../authority.ts'
import type { Evidence } from '../evidence.ts'
import { type Entry, entryNamed } from '../snapshot.ts'

export const NEW_CA =
  'make a new CA, have every node trust it beside this one, and renew every certificate before this one is taken out'

/** As it is, nothing can be signed with it; undefined: nothing has to be done, or nothing is known of it. */
export function firstOf({ snapshot, keys, now }: Evidence, { caName }: Pick<Entry, 'caName'>) {
  const authority = entryNamed(snapshot, caName)
  const key = authority && keys.get(authority.name)
  if (!authority || !key) return undefined
  if (hasExpired(authority, now)) return `first replace its CA: see CA_EXPIRED of ${authority.name}`
  if (key.state === 'invalid' && key.reason === 'PERMISSION_DENIED') return undefined
  const state = assessAuthority(authority, key, now)
  if (state.state !== 'unusable') return undefined
  return state.problem === 'CA_EXPIRED'
    ? `first replace its CA: see CA_EXPIRED of ${authority.name}`
    : `first ${state.hint ?? state.message}`
}

function hasExpired({ certificate }: Entry, now: Date): boolean {
  return certificate.state === 'present' && certificate.certificates.every(({ notAfter }) => notAfter <= now)
}
