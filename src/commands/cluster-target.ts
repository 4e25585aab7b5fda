/** Options that say which cluster is asked, and as whom; as kubectl has them. */
import type { ClusterTarget } from '../cluster/target.ts'
import { clusterTargetOf } from '../operations/cluster-connection.ts'
import type { Host, OptionTable } from './command.ts'
import { durationOption, pathOption, tell } from './options.ts'

const TIMEOUT = 10_000

export const CLUSTER_OPTIONS = {
  kubeconfig: {
    type: 'string',
    coerce: pathOption('kubeconfig'),
    completes: 'file',
    describe: 'The kubeconfig of the cluster (default: $KUBECONFIG, else ~/.kube/config)',
  },
  context: { type: 'string', describe: 'Of the kubeconfig (default: its current one)' },
  timeout: {
    type: 'string',
    coerce: durationOption('timeout'),
    describe: 'How long the API server may take for one answer (default: 10s)',
  },
} as const satisfies OptionTable

interface ClusterArguments {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly timeout?: number | undefined
}

/** Throws where there is no such cluster; nothing is asked yet. */
export function clusterTarget(
  { kubeconfig, context, timeout = TIMEOUT }: ClusterArguments,
  host: Host,
): ClusterTarget {
  return clusterTargetOf({
    ...{ kubeconfig, context, timeout, now: host.now },
    environment: host.environment?.() ?? {},
    onNote: message => tell.note(host, message),
  })
}
