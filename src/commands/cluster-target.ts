/** Options that say which cluster is asked, and as whom; as kubectl has them. */
import type { ClusterTarget } from '../cluster/target.ts'
import { LONGEST_TIMER } from '../kubernetes/duration.ts'
import { clusterTargetOf } from '../operations/cluster-target.ts'
import { shellWord } from '../pki/command-flags.ts'
import type { Host, OptionTable } from './command.ts'
import { durationOption, fileOption, tell } from './options.ts'

const TIMEOUT = 10_000

export const CLUSTER_OPTIONS = {
  kubeconfig: fileOption(
    'kubeconfig',
    'The kubeconfig of the cluster (default: $KUBECONFIG, else ~/.kube/config)',
  ),
  context: { type: 'string', describe: 'Of the kubeconfig (default: its current one)' },
  timeout: {
    type: 'string',
    coerce: durationOption('timeout'),
    describe: 'How long the API server may take for one answer (default: 10s)',
  },
} as const satisfies OptionTable

export interface ClusterArguments {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly timeout?: number | undefined
  readonly now?: Date | undefined
}

/** As they were given, for a command that is to be copied. */
export function clusterFlags({ kubeconfig, context, now }: ClusterArguments): string {
  const given = { kubeconfig, context, now: now?.toISOString() }
  return Object.entries(given)
    .map(([flag, value]) => (value === undefined ? '' : ` --${flag} ${shellWord(value)}`))
    .join('')
}

/** Throws where there is no such cluster; nothing is asked of it yet. */
export function clusterTarget(
  { kubeconfig, context, timeout = TIMEOUT, now }: ClusterArguments,
  host: Host,
): ClusterTarget {
  return clusterTargetOf({
    ...{ kubeconfig, context, timeout: Math.min(timeout, LONGEST_TIMER) },
    now: () => now ?? host.now(),
    environment: host.environment?.() ?? {},
    commandFlags: clusterFlags({ kubeconfig, context, now }),
    onNote: message => tell.note(host, message),
  })
}
