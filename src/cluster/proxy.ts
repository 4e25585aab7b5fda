/** Through which proxy a cluster is asked: the kubeconfig's, else that of the environment, as kubectl has it. */
import { environmentProxy } from '../kubernetes/environment-proxy.ts'
import type { ClusterTarget } from './target.ts'

export interface Proxy {
  readonly url: string
  /** `HTTPS_PROXY`, or where in the kubeconfig. */
  readonly source: string
}

export function proxyOf({ context, environment }: ClusterTarget): Proxy | undefined {
  const { proxyUrl, server } = context
  if (proxyUrl !== undefined) return { url: proxyUrl, source: 'proxy-url in the kubeconfig' }
  return environmentProxy(server, environment)
}
