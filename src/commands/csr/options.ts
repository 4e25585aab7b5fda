/** What the `csr` commands have in common: where requests come from, and by what they are judged. */

import { type ClusterApi, connect } from '../../cluster/api.ts'
import { PkiError } from '../../errors.ts'
import { clusterSource } from '../../operations/cluster-requests.ts'
import { type CsrSource, manifestSource } from '../../operations/csr-source.ts'
import { readPolicy } from '../../operations/read-policy.ts'
import { POLICIES, type Policy } from '../../pki/csr/policy.ts'
import { readUserFile } from '../../store/files.ts'
import { type Certificate, readCertificates } from '../../x509/certificate.ts'
import { CLUSTER_OPTIONS, type ClusterArguments, clusterTarget } from '../cluster-target.ts'
import type { Host, OptionTable } from '../command.ts'
import { fileOption, NODE_OPTIONS, pathOption, tell } from '../options.ts'

export const SOURCE_OPTIONS = {
  from: fileOption(
    'from',
    'Requests as YAML or JSON, a file or a directory of them; - is the standard input (default: the cluster)',
  ),
  ...CLUSTER_OPTIONS,
  now: NODE_OPTIONS.now,
} as const satisfies OptionTable

const BUILT_IN = Object.keys(POLICIES).join(', ')

export const POLICY_OPTIONS = {
  policy: {
    type: 'string',
    coerce: (value: unknown): Policy => readPolicy(pathOption('policy')(value)),
    completes: 'file',
    describe: `What to judge by, a file or one of ${BUILT_IN} (default: kubelet; for other signers the rules of the API server and the signer)`,
  },
  nodes: fileOption(
    'nodes',
    "Nodes, Machines or a NodeInventory, YAML or JSON: its Nodes stand in for the cluster's, the others are added",
  ),
  'ask-kubelets': {
    type: 'boolean',
    default: false,
    describe: 'Compare serving requests with what each kubelet serves now, at its InternalIP',
  },
  'ca-cert': fileOption('ca-cert', 'CA certificates: no request may have the key of one'),
} as const satisfies OptionTable

interface SourceArguments extends ClusterArguments {
  readonly from?: string | undefined
  readonly nodes?: string | undefined
}

interface JudgingArguments extends SourceArguments {
  readonly policy?: Policy | undefined
  readonly 'ca-cert'?: string | undefined
  readonly 'ask-kubelets': boolean
}

export interface OpenedSource extends CsrSource {
  /** So far. */
  readonly strays: () => { readonly count: number; readonly broken: number }
  /** Not even a list that is empty was there. */
  readonly isEmpty: () => boolean
  /** Of a cluster: its CAs. */
  readonly authorities: readonly Certificate[]
  /** Absent: the requests are those of files. */
  readonly api?: ClusterApi
}

export interface Judging {
  readonly asksKubelets: boolean
  readonly source: OpenedSource
  /** Undefined: the usual one of each signer. */
  readonly policy: Policy | undefined
  /** What to call it. */
  readonly policyName: string
  readonly now: Date
  readonly authorities: readonly Certificate[]
}

/** What is judged, and by what. */
export async function openJudging(args: JudgingArguments, host: Host): Promise<Judging> {
  const source = await openSource(args, host)
  return {
    ...{ source, policy: args.policy, now: args.now ?? host.now() },
    policyName: (args.policy ?? DEFAULT_POLICY).name,
    authorities: readAuthorities(args['ca-cert'], source.authorities),
    asksKubelets: args['ask-kubelets'],
  }
}

/** Of many that are no requests the first are told. */
const MOST_TOLD = 10

export async function openSource(args: SourceArguments, host: Host): Promise<OpenedSource> {
  await host.spareMemory?.()
  if (args.from === undefined) return openLive(args, host)
  const flag = (['kubeconfig', 'context', 'timeout'] as const).find(name => args[name] !== undefined)
  if (flag !== undefined)
    throw new PkiError('USAGE', `--${flag} is for a cluster, and with --from none is asked`)
  return openManifests(args.from, args.nodes, host)
}

export async function openCluster(args: ClusterArguments, host: Host): Promise<ClusterApi> {
  return connect(clusterTarget(args, host))
}

async function openLive(args: SourceArguments, host: Host): Promise<OpenedSource> {
  const api = await openCluster(args, host)
  const onWarning = (message: string) => tell.warning(host, message)
  const source = clusterSource(api, { nodes: args.nodes, onWarning })
  const strays = () => ({ count: 0, broken: 0 })
  return { ...source, strays, isEmpty: () => false, authorities: api.authorities, api }
}

function openManifests(from: string, nodes: string | undefined, host: Host): OpenedSource {
  let [count, broken] = [0, 0]
  const onStray = (message: string, isBroken: boolean) => {
    count += 1
    if (isBroken) broken += 1
    if (count <= MOST_TOLD) (isBroken ? tell.warning : tell.note)(host, message)
    if (count === MOST_TOLD + 1) tell.note(host, 'more that are no requests are not told')
  }
  let documents = 0
  const onDocument = () => {
    documents += 1
  }
  return {
    ...manifestSource({ from, nodes, onStray, onDocument }),
    strays: () => ({ count, broken }),
    isEmpty: () => documents === 0,
    authorities: [],
  }
}

/** An empty list is an answer; nothing at all, or something else, is a mistake: of a pipe whose first half failed too. */
export function checkFound(count: number, { strays, isEmpty }: OpenedSource, from: string): void {
  if (count > 0 || (strays().count === 0 && !isEmpty())) return
  throw new PkiError(
    'NO_REQUESTS',
    `${from === '-' ? 'standard input' : from}: wanted CertificateSigningRequests, found none`,
  )
}

export function readAuthorities(
  file: string | undefined,
  known: readonly Certificate[] = [],
): readonly Certificate[] {
  if (file === undefined) return known
  const read = readCertificates(readUserFile(file))
  if ('certificates' in read) return [...known, ...read.certificates]
  throw new PkiError('CA_UNUSABLE', `${file}: wanted CA certificates, found none that can be read`)
}

export const DEFAULT_POLICY = POLICIES.kubelet as Policy
