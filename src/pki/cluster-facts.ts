/** Decides what a node's certificates are made from: a flag wins over the configuration, that over what is found, that over defaults. */
import { describeUnusable } from '../errors.ts'
import type { ClusterFacts } from '../inventory/profile.ts'
import { parseVersion } from '../kubernetes/version.ts'
import {
  advertisedAddress,
  clusterOfKubeconfigs,
  domainOfApiServer,
  nodeNameOfCertificates,
  portOfApiServer,
  subnetOfApiServer,
  versionOfApiServer,
} from './discovered-facts.ts'
import type { Sourced } from './locations.ts'
import type { Snapshot } from './snapshot.ts'

/** What only the node itself has; nothing else can say it. */
type NodeFact = 'nodeName' | 'advertiseAddress'

type SourcedFacts = { readonly [K in keyof ClusterFacts]: Sourced<ClusterFacts[K]> }
export type KnownFacts = Omit<SourcedFacts, NodeFact> & Partial<Pick<SourcedFacts, NodeFact>>

/** Each checked as the configuration's field is. */
export type FactFlags = { readonly [K in FlaggedFact]?: ClusterFacts[K] | undefined }
type FlaggedFact = { [K in Fact]: (typeof SAID)[K] extends { flag: string } ? K : never }[Fact]

/** What the machine says that this runs on. */
export interface Machine {
  readonly hostname?: Sourced<string> | undefined
  readonly address?: Sourced<string> | undefined
}

type Fact = keyof ClusterFacts

/** Where a fact is said. */
const SAID = {
  nodeName: { flag: 'node-name', field: 'nodeRegistration.name' },
  advertiseAddress: {
    flag: 'apiserver-advertise-address',
    field: 'localAPIEndpoint.advertiseAddress',
  },
  bindPort: { flag: 'apiserver-bind-port', field: 'localAPIEndpoint.bindPort' },
  controlPlaneEndpoint: { flag: 'control-plane-endpoint', field: 'controlPlaneEndpoint' },
  serviceSubnet: { flag: 'service-cidr', field: 'networking.serviceSubnet' },
  dnsDomain: { flag: 'service-dns-domain', field: 'networking.dnsDomain' },
  apiServerCertSans: { flag: 'apiserver-cert-extra-sans', field: 'apiServer.certSANs' },
  etcdServerCertSans: { field: 'etcd.local.serverCertSANs' },
  etcdPeerCertSans: { field: 'etcd.local.peerCertSANs' },
  clusterName: { field: 'clusterName' },
  kubernetesVersion: { flag: 'kubernetes-version', field: 'kubernetesVersion' },
} as const satisfies Record<Fact, { readonly flag?: string; readonly field: string }>

/** The newest whose certificates are known. */
const NEWEST = '1.37.0'

export interface FactSources {
  readonly flags?: FactFlags
  readonly machine?: Machine
}

export function decideClusterFacts(
  snapshot: Snapshot,
  { flags = {}, machine = {} }: FactSources = {},
): KnownFacts {
  const said = <K extends Fact>(fact: K) => configured(snapshot, flags, fact)
  const nodeName = said('nodeName') ?? nodeNameOfCertificates(snapshot) ?? machine.hostname
  const advertiseAddress = said('advertiseAddress') ?? advertisedAddress(snapshot) ?? machine.address
  const found = snapshot.configuration?.value.etcd === undefined ? clusterOfKubeconfigs(snapshot) : {}
  const ownPlace = said('advertiseAddress') ?? said('bindPort') ?? advertisedAddress(snapshot)
  const endpoint = ownPlace && found.isOwn ? undefined : found.endpoint
  const version = said('kubernetesVersion') ?? versionOfApiServer(snapshot) ?? byDefault(NEWEST)
  return {
    ...(nodeName && { nodeName }),
    ...(advertiseAddress && { advertiseAddress }),
    bindPort: said('bindPort') ?? portOfApiServer(snapshot) ?? byDefault(6443),
    controlPlaneEndpoint: said('controlPlaneEndpoint') ?? endpoint ?? byDefault(undefined),
    serviceSubnet: said('serviceSubnet') ?? subnetOfApiServer(snapshot) ?? byDefault('10.96.0.0/12'),
    dnsDomain: said('dnsDomain') ?? domainOfApiServer(snapshot) ?? byDefault('cluster.local'),
    apiServerCertSans: extraSans(snapshot, flags),
    etcdServerCertSans: said('etcdServerCertSans') ?? byDefault([]),
    etcdPeerCertSans: said('etcdPeerCertSans') ?? byDefault([]),
    clusterName: said('clusterName') ?? found.name ?? byDefault('kubernetes'),
    kubernetesVersion: { ...version, value: parseVersion(version.value) ?? NEWEST },
  }
}

/** The one flag that adds to the configuration: kubeadm calls them extra. */
function extraSans(snapshot: Snapshot, flags: FactFlags): Sourced<readonly string[]> {
  const given = configured(snapshot, flags, 'apiServerCertSans') ?? byDefault([])
  const inFile = configured(snapshot, {}, 'apiServerCertSans')
  if (!flags.apiServerCertSans || !inFile) return given
  return { value: [...inFile.value, ...given.value], source: `${inFile.source}, ${given.source}` }
}

/** What stands in the way of knowing the cluster's endpoint: without it a kubeconfig is for this node alone. */
export function endpointWarnings({ entries }: Snapshot, { controlPlaneEndpoint }: KnownFacts): string[] {
  if (controlPlaneEndpoint.source !== 'default') return []
  for (const { kind, certificate, kubeconfig, file } of entries) {
    if (kind !== 'kubeconfig' || kubeconfig || certificate.state !== 'invalid') continue
    const why = `${file.path} cannot be asked for the cluster's endpoint (${describeUnusable(certificate)})`
    return [`${why}: it is taken to be this node alone; --control-plane-endpoint says another`]
  }
  return []
}

function byDefault<T>(value: T): Sourced<T> {
  return { value, source: 'default' }
}

function configured<K extends Fact>(
  { configuration }: Snapshot,
  flags: { readonly [F in Fact]?: ClusterFacts[F] | undefined },
  fact: K,
): Sourced<NonNullable<ClusterFacts[K]>> | undefined {
  const { field, ...place } = SAID[fact]
  const given = flags[fact]
  if ('flag' in place && given != null) return { value: given, source: `--${place.flag}` }
  const values: Partial<ClusterFacts> = configuration?.value ?? {}
  const value = values[fact]
  return configuration && value != null ? { value, source: `${configuration.source}: ${field}` } : undefined
}

/** A fact that nothing says, and where it belongs. */
export interface MissingFact {
  readonly fact: NodeFact
  readonly flag: string
  /** Of an InitConfiguration. */
  readonly field: string
}

export function missingFacts(facts: KnownFacts, needed: readonly NodeFact[]): readonly MissingFact[] {
  return needed.flatMap(fact => (facts[fact] ? [] : { fact, ...SAID[fact] }))
}

/** For whoever has seen to it that what is needed is there. */
export function factValues(facts: KnownFacts): ClusterFacts {
  const values = Object.entries(facts).map(([fact, { value }]) => [fact, value])
  return Object.fromEntries(values) as ClusterFacts
}
