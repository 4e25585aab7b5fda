/** The commands by which somebody else approves what was sent. Pure. */
import type { RuleResult } from './rule.ts'

export interface Approvable {
  /** Of the object in the cluster. */
  readonly name: string
  /** Why the rules that `csr approve` goes by would deny it. */
  readonly doubts: readonly RuleResult[]
}

/** What is forced is in a command of its own: nothing else is to be approved unseen. */
export function approveCommands(requests: readonly Approvable[], clusterFlags = ''): string[] {
  const isDoubtful = ({ doubts }: Approvable) => doubts.length > 0
  return [requests.filter(one => !isDoubtful(one)), requests.filter(isDoubtful)].flatMap(group =>
    group.length === 0
      ? []
      : `kubepki csr approve ${group.map(({ name }) => name).join(' ')}${approveFlags(group, clusterFlags)}`,
  )
}

function approveFlags(group: readonly Approvable[], clusterFlags: string): string {
  return `${clusterFlags}${group.some(({ doubts }) => doubts.length > 0) ? ' --force' : ''}`
}

/** In one line. */
export function doubtsInWords({ doubts }: Pick<Approvable, 'doubts'>): string | undefined {
  if (doubts.length === 0) return undefined
  const rules = doubts.map(({ code, reason }) => `${code}: ${reason}`).join('; ')
  return `${rules}: kubepki csr approve takes --force for it`
}
