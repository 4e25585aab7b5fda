/** The way to a cluster for a request of one's own: opened once, when it is first wanted, and only for whoever may send it. */
import { type ClusterApi, connect } from '../cluster/api.ts'
import type { ClusterTarget } from '../cluster/target.ts'
import { onRequests } from '../pki/csr/access.ts'
import { checkBeforehand } from './missing-access.ts'

export interface Sending {
  readonly target: ClusterTarget
  readonly name: string
  /** For its answer. */
  readonly waits: boolean
}

export type Connect = () => Promise<ClusterApi>

export function connectOnce(sending: Sending): Connect {
  let opened: Promise<ClusterApi> | undefined
  return () => {
    opened ??= opening(sending)
    return opened
  }
}

/** A right to create is never one of a name. */
async function opening({ target, name, waits }: Sending): Promise<ClusterApi> {
  const api = await connect(target)
  const waiting = waits ? (['get', 'watch'] as const).map(verb => ({ ...onRequests(verb), name })) : []
  await checkBeforehand(api, [onRequests('create'), ...waiting])
  return api
}
