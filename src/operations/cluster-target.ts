/** The cluster that kubectl would talk to from here, before anything is asked of it. */
import { delimiter, join } from 'node:path'
import type { ClusterTarget } from '../cluster/target.ts'
import { PkiError } from '../errors.ts'
import {
  type ClusterContext,
  currentClusterContext,
  type KubeconfigText,
} from '../kubernetes/cluster-context.ts'
import { readUserFile } from '../store/files.ts'
import { isTaken } from '../store/plain-files.ts'

export interface ConnectionOptions {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  /** Milliseconds for one request. */
  readonly timeout: number
  readonly now: () => Date
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly onNote?: ((message: string) => void) | undefined
  readonly commandFlags?: string | undefined
}

/** Throws where there is no such cluster. */
export function clusterTargetOf(options: ConnectionOptions): ClusterTarget {
  const { timeout, now, environment, onNote = () => undefined, commandFlags } = options
  const context = contextFor(options)
  return { context, timeout, now, environment, onNote, commandFlags, readFile: readUserFile }
}

function contextFor({ kubeconfig, context, environment }: ConnectionOptions): ClusterContext {
  const files = kubeconfig === undefined ? filesIn(environment) : [kubeconfig]
  if (files.length > 0) return currentClusterContext(files.map(textOf), context)
  const inside = context === undefined ? insideCluster(environment) : undefined
  if (inside) return inside
  throw new PkiError(
    'KUBECONFIG_UNUSABLE',
    'no kubeconfig: neither --kubeconfig nor $KUBECONFIG names one, and ~/.kube/config is not there',
    {
      hint: isTaken(ADMIN)
        ? `on this control-plane node: --kubeconfig ${ADMIN}`
        : 'name one: --kubeconfig FILE',
    },
  )
}

const ADMIN = '/etc/kubernetes/admin.conf'

/** Of several those that are there, as kubectl. */
function filesIn({ KUBECONFIG: list = '', HOME: home = '' }: ConnectionOptions['environment']): string[] {
  const listed = list.split(delimiter).filter(file => file !== '')
  if (listed.length === 1) return listed
  if (listed.length > 1) {
    const present = listed.filter(isTaken)
    return present.length > 0 ? present : listed.slice(0, 1)
  }
  const own = join(home, '.kube/config')
  return home !== '' && isTaken(own) ? [own] : []
}

function textOf(file: string): KubeconfigText {
  return { file, text: readUserFile(file) }
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Of a pod: its service account. */
function insideCluster(environment: ConnectionOptions['environment']): ClusterContext | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment
  const tokenFile = `${SERVICE_ACCOUNT}/token`
  if (!host || !port || !isTaken(tokenFile)) return undefined
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  const config = {
    'current-context': 'pod',
    contexts: [{ name: 'pod', context: { cluster: 'pod', user: 'pod' } }],
    clusters: [{ name: 'pod', cluster: { server, 'certificate-authority': `${SERVICE_ACCOUNT}/ca.crt` } }],
    users: [{ name: 'pod', user: { tokenFile } }],
  }
  return currentClusterContext([{ file: SERVICE_ACCOUNT, text: JSON.stringify(config) }], undefined)
}
