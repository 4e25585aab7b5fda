/** Decisions put into the cluster: each changes the very object that was judged, or nothing. */
import type { ClusterApi } from '../cluster/api.ts'
import { messageOf, PkiError } from '../errors.ts'
import { type CsrDecision, goneDecision, type PlannedDecision, withDecision } from '../pki/csr/decision.ts'

export interface PutOptions {
  readonly dryRun: boolean
  /** What is about to be done is shown; false: it is not. */
  readonly confirm: (plan: readonly PlannedDecision[]) => Promise<boolean>
  /** Asked between two requests. */
  readonly isEnded?: (() => boolean) | undefined
}

/** One after the other, in the order of the plan; of those behind a server that goes away, or an end, none. */
export async function* putDecisions(
  api: ClusterApi,
  plan: readonly PlannedDecision[],
  options: PutOptions,
): AsyncGenerator<CsrDecision> {
  const isAnything = plan.some(({ condition }) => condition)
  const isWanted = await options.confirm(plan)
  const isDone = !options.dryRun && (isWanted || !isAnything)
  const server = { isAway: false }
  for (const one of plan) {
    if (server.isAway || options.isEnded?.()) return
    if (isDone) yield await decide({ api, server }, one)
    else yield options.dryRun ? one.decision : undone(one, 'left', 'the answer was not yes')
  }
}

export function undone(
  { condition, decision }: PlannedDecision,
  outcome: 'left' | 'failed',
  reason: string,
): CsrDecision {
  return condition ? { ...decision, outcome, changed: false, reason } : decision
}

interface Reached {
  readonly api: ClusterApi
  readonly server: { isAway: boolean }
}

/** Trouble with one is no trouble with the others. */
async function decide({ api, server }: Reached, planned: PlannedDecision): Promise<CsrDecision> {
  const { condition, decision, facts } = planned
  const { csr } = facts
  if (!condition) return decision
  let changed = false
  try {
    await api.updateApproval(csr.name, current => {
      const object = withDecision(csr, current, condition)
      changed = object !== undefined
      return object
    })
    return { ...decision, changed, reason: changed ? decision.reason : 'somebody else was faster' }
  } catch (error) {
    if (!(error instanceof PkiError || error instanceof RangeError)) throw error
    if (error instanceof PkiError && error.code === 'NOT_FOUND') return goneDecision(csr.name)
    server.isAway = error instanceof PkiError && error.code === 'CLUSTER_UNREACHABLE'
    return undone(planned, 'failed', messageOf(error))
  }
}
