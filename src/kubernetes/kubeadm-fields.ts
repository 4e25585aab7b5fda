/** Kinds of kubeadm's configuration and their fields, of every release that has read v1beta2, v1beta3 or v1beta4. */

export const API_VERSIONS = ['v1beta2', 'v1beta3', 'v1beta4'] as const
export type ApiVersion = (typeof API_VERSIONS)[number]

export interface Field {
  /** All of them by default. */
  readonly versions?: readonly ApiVersion[]
  /** Of a mapping, or of each mapping in a list; without them whatever is inside is free. */
  readonly fields?: Fields
}
export type Fields = Readonly<Record<string, Field>>

const V2: readonly ApiVersion[] = ['v1beta2']
const V2_V3: readonly ApiVersion[] = ['v1beta2', 'v1beta3']
const V3_V4: readonly ApiVersion[] = ['v1beta3', 'v1beta4']
const V4: readonly ApiVersion[] = ['v1beta4']

const DOCUMENT: Fields = { apiVersion: {}, kind: {} }
const IMAGE: Fields = { imageRepository: {}, imageTag: {} }

const COMPONENT: Fields = {
  extraArgs: {},
  extraEnvs: { versions: V4 },
  extraVolumes: { fields: { name: {}, hostPath: {}, mountPath: {}, readOnly: {}, pathType: {} } },
}

const LOCAL_ETCD: Fields = {
  ...IMAGE,
  dataDir: {},
  extraArgs: {},
  extraEnvs: { versions: V4 },
  serverCertSANs: {},
  peerCertSANs: {},
}

const EXTERNAL_ETCD: Fields = {
  endpoints: {},
  httpEndpoints: { versions: V4 },
  caFile: {},
  certFile: {},
  keyFile: {},
}

const CLUSTER_CONFIGURATION: Fields = {
  ...DOCUMENT,
  etcd: { fields: { local: { fields: LOCAL_ETCD }, external: { fields: EXTERNAL_ETCD } } },
  networking: { fields: { serviceSubnet: {}, podSubnet: {}, dnsDomain: {} } },
  kubernetesVersion: {},
  controlPlaneEndpoint: {},
  apiServer: { fields: { ...COMPONENT, certSANs: {}, timeoutForControlPlane: { versions: V2_V3 } } },
  controllerManager: { fields: COMPONENT },
  scheduler: { fields: COMPONENT },
  dns: { fields: { ...IMAGE, type: { versions: V2 }, disabled: { versions: V4 } } },
  proxy: { versions: V4, fields: { disabled: {} } },
  certificatesDir: {},
  imageRepository: {},
  useHyperKubeImage: { versions: V2 },
  featureGates: {},
  clusterName: {},
  encryptionAlgorithm: { versions: V4 },
  certificateValidityPeriod: { versions: V4 },
  caCertificateValidityPeriod: { versions: V4 },
}

const NODE_REGISTRATION: Fields = {
  name: {},
  criSocket: {},
  taints: {},
  kubeletExtraArgs: {},
  ignorePreflightErrors: {},
  imagePullPolicy: { versions: V3_V4 },
  imagePullSerial: { versions: V4 },
}

const LOCAL_API_ENDPOINT: Fields = { advertiseAddress: {}, bindPort: {} }

const TIMEOUTS: Fields = {
  controlPlaneComponentHealthCheck: {},
  kubeletHealthCheck: {},
  kubernetesAPICall: {},
  etcdAPICall: {},
  tlsBootstrap: {},
  discovery: {},
  upgradeManifests: {},
}

/** What kubeadm init and kubeadm join have in common. */
const RUN: Fields = {
  ...DOCUMENT,
  dryRun: { versions: V4 },
  nodeRegistration: { fields: NODE_REGISTRATION },
  skipPhases: { versions: V3_V4 },
  patches: { versions: V3_V4, fields: { directory: {} } },
  timeouts: { versions: V4, fields: TIMEOUTS },
}

const INIT_CONFIGURATION: Fields = {
  ...RUN,
  bootstrapTokens: {
    fields: { token: {}, description: {}, ttl: {}, expires: {}, usages: {}, groups: {} },
  },
  localAPIEndpoint: { fields: LOCAL_API_ENDPOINT },
  certificateKey: {},
}

const BOOTSTRAP_TOKEN_DISCOVERY: Fields = {
  token: {},
  apiServerEndpoint: {},
  caCertHashes: {},
  unsafeSkipCAVerification: {},
}

const JOIN_CONFIGURATION: Fields = {
  ...RUN,
  caCertPath: {},
  discovery: {
    fields: {
      bootstrapToken: { fields: BOOTSTRAP_TOKEN_DISCOVERY },
      file: { fields: { kubeConfigPath: {} } },
      tlsBootstrapToken: {},
      timeout: { versions: V2_V3 },
    },
  },
  controlPlane: { fields: { localAPIEndpoint: { fields: LOCAL_API_ENDPOINT }, certificateKey: {} } },
}

/** Those without fields say nothing of certificates: they are passed over. */
export const KINDS = {
  InitConfiguration: { fields: INIT_CONFIGURATION },
  ClusterConfiguration: { fields: CLUSTER_CONFIGURATION },
  JoinConfiguration: { fields: JOIN_CONFIGURATION },
  ClusterStatus: { versions: V2 },
  ResetConfiguration: { versions: V4 },
  UpgradeConfiguration: { versions: V4 },
} as const satisfies Fields
