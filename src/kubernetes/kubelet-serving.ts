/** Where a kubelet serves, and what, by its configuration file. */
import type { Unusable } from '../errors.ts'
import { endpoint, type ServingEndpoint } from './serving-endpoint.ts'
import { isMapping, parseYaml, stringAt } from './yaml.ts'

export interface KubeletServing {
  /** Undefined: its port is closed. */
  readonly endpoint: ServingEndpoint | undefined
  /** `tlsCertFile`: a path on the host. */
  readonly certificateFile?: string
  /** `serverTLSBootstrap`: the cluster signs what it serves. */
  readonly isSignedByCluster: boolean
}

const DEFAULT_PORT = '10250'

export function parseKubeletServing(text: string): KubeletServing | Unusable {
  const parsed = parseYaml(text)
  if ('reason' in parsed) return parsed
  const [document] = parsed.documents
  const fieldOf = (key: string) =>
    isMapping(document) && Object.hasOwn(document, key) ? document[key] : undefined
  const certificateFile = stringAt(document, 'tlsCertFile')
  return {
    endpoint: endpoint(stringAt(document, 'address') ?? '', String(fieldOf('port') ?? DEFAULT_PORT)),
    ...(certificateFile && { certificateFile }),
    isSignedByCluster: fieldOf('serverTLSBootstrap') === true,
  }
}

/** Without a configuration file. */
export const DEFAULT_KUBELET_SERVING: KubeletServing = {
  endpoint: endpoint('', DEFAULT_PORT),
  isSignedByCluster: false,
}
