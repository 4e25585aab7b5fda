/** What the checks of served certificates have in common: each looks at one that was shown. */
import type { Certificate } from '../../x509/certificate.ts'
import type { Evidence } from '../evidence.ts'
import type { LiveEndpoint } from '../live-evidence.ts'
import type { Check, Observation } from './check.ts'
import { placeOf, subjectOf } from './live-words.ts'

/** An endpoint that showed a certificate. */
export interface Served {
  readonly endpoint: LiveEndpoint
  readonly leaf: Certificate
}

function servedOf({ live }: Evidence, roles: readonly LiveEndpoint['role'][]): readonly Served[] {
  return (live?.endpoints ?? []).flatMap(endpoint => {
    const [leaf] = endpoint.chain
    return leaf && roles.includes(endpoint.role) ? [{ endpoint, leaf }] : []
  })
}

/** The node's own listeners, and with them the addresses that the user named. */
export const OWN: readonly LiveEndpoint['role'][] = ['serving', 'peer']
export const ALL: readonly LiveEndpoint['role'][] = [...OWN, 'further']

export function about(endpoint: LiveEndpoint): Pick<Observation, 'certificate' | 'file'> {
  return { certificate: subjectOf(endpoint), file: endpoint.expected?.file ?? placeOf(endpoint) }
}

type Look = (evidence: Evidence, served: Served) => readonly Observation[]
type Row = Omit<Check, 'group' | 'needs' | 'find'>

export function servedCheck(roles: readonly LiveEndpoint['role'][], look: Look, row: Row): Check {
  const find: Check['find'] = evidence => servedOf(evidence, roles).flatMap(one => look(evidence, one))
  return { ...row, group: 'live', needs: ['live'], find }
}
