/** Which cluster is asked, and for how long. */
import type { ClusterApi } from '../../cluster/api.ts'
import { connectCluster } from '../../operations/cluster-connection.ts'
import type { Host, OptionTable } from '../command.ts'
import { durationOption, pathOption, tell } from '../options.ts'

export const CLUSTER_OPTIONS = {
  kubeconfig: {
    type: 'string',
    coerce: pathOption('kubeconfig'),
    completes: 'file',
    describe: 'Of the cluster to ask (default: $KUBECONFIG, else ~/.kube/config)',
  },
  context: { type: 'string', describe: 'Context of the kubeconfig (default: its current one)' },
  timeout: {
    type: 'string',
    coerce: durationOption('timeout'),
    describe: 'How long an answer of the API server may take (default: 10s)',
  },
} as const satisfies OptionTable

export interface ClusterArguments {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly timeout?: number | undefined
  readonly now?: Date | undefined
}

const TIMEOUT = 10_000
/** Of Node's timers, in milliseconds: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1

export function openCluster(args: ClusterArguments, host: Host): Promise<ClusterApi> {
  const { kubeconfig, context, timeout = TIMEOUT, now } = args
  return connectCluster({
    ...{ kubeconfig, context, timeout: Math.min(timeout, LONGEST_TIMER) },
    now: () => now ?? host.now(),
    environment: host.environment?.() ?? {},
    onNote: message => tell.note(host, message),
  })
}
