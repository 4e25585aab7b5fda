/** What a node keeps: kubeadm's own names, in kubeadm's order of creation (each CA before its leaves). Rows only. */
import type { ExtKeyUsage } from '../x509/profile.ts'

export type Component = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubelet'

/** A process that holds a file. */
export interface Use {
  readonly component: Component
  /** Absent: the file is read at the start only. */
  readonly reloads?: Reload
}

export interface Reload {
  /** The component's first version that takes a changed file up by itself. */
  readonly since: string
  /** In at most so many seconds; 0: for every new connection. */
  readonly within: number
}

/** A static-pod flag that names this file, so that the manifests can tell where it really is. */
export interface FlagSpec {
  readonly component: Component
  readonly certificate?: string
  readonly key?: string
}

/** Whose names a serving certificate has: the rules are in profile.ts. */
export type SubjectAltNameRule = 'apiserver' | 'etcd-server' | 'etcd-peer'

/** The organization (O) in a subject, as kubeadm's releases have given it, the oldest first. */
export interface OrganizationSpec {
  /** Absent: none. */
  readonly value?: string
  /** The first release with it, of each minor version that had it brought to. Absent: from the beginning. */
  readonly since?: readonly string[]
}

/** Of a subject; `{nodeName}` in the common name stands for the node's. */
export interface SubjectSpec {
  readonly commonName: string
  readonly organizations?: readonly OrganizationSpec[]
}

export interface CertificateSpec extends SubjectSpec {
  readonly kind: 'ca' | 'leaf'
  /** What users type. */
  readonly name: string
  /** What output and help print. */
  readonly longName: string
  /** What fails when nobody accepts it, in one clause. */
  readonly impact: string
  /** Path below the certificate directory, without extension. */
  readonly baseName: string
  /** The row that signs it. */
  readonly caName?: string
  /** Of a leaf, in kubeadm's order. */
  readonly extKeyUsage?: readonly ExtKeyUsage[]
  /** Absent: kubeadm gives it no subjectAltName. */
  readonly subjectAltName?: SubjectAltNameRule
  /** Absent, with all that hangs on it, when etcd runs elsewhere. */
  readonly localEtcdOnly?: true
  /** A host that runs etcd alone keeps it. */
  readonly onEtcdHosts?: true
  /** In order of trust: the first flag present says where the file is. */
  readonly flags: readonly FlagSpec[]
  readonly usedBy: readonly Use[]
}

export const CERTIFICATES = [
  {
    kind: 'ca',
    name: 'ca',
    longName: 'self-signed Kubernetes CA to provision identities for other Kubernetes components',
    impact: 'no certificate of the cluster is accepted any more',
    baseName: 'ca',
    commonName: 'kubernetes',
    flags: [
      { component: 'kube-apiserver', certificate: 'client-ca-file' },
      {
        component: 'kube-controller-manager',
        certificate: 'cluster-signing-cert-file',
        key: 'cluster-signing-key-file',
      },
    ],
    usedBy: [
      // kubernetes#90360
      { component: 'kube-apiserver', reloads: { since: '1.19', within: 60 } },
      // The signer takes it up (kubernetes#86816), what publishes --root-ca-file does not (kubernetes#137410).
      { component: 'kube-controller-manager' },
      // kubernetes#136762
      { component: 'kubelet', reloads: { since: '1.36', within: 60 } },
    ],
  },
  {
    kind: 'leaf',
    name: 'apiserver',
    longName: 'certificate for serving the Kubernetes API',
    impact: 'nothing can connect to the API server',
    baseName: 'apiserver',
    caName: 'ca',
    commonName: 'kube-apiserver',
    extKeyUsage: ['serverAuth'],
    subjectAltName: 'apiserver',
    flags: [{ component: 'kube-apiserver', certificate: 'tls-cert-file', key: 'tls-private-key-file' }],
    usedBy: [
      // kubernetes#84200
      { component: 'kube-apiserver', reloads: { since: '1.17', within: 60 } },
    ],
  },
  {
    kind: 'leaf',
    name: 'apiserver-kubelet-client',
    longName: 'certificate for the API server to connect to kubelet',
    impact: 'kubectl logs, exec and port-forward fail',
    baseName: 'apiserver-kubelet-client',
    caName: 'ca',
    commonName: 'kube-apiserver-kubelet-client',
    organizations: [
      { value: 'system:masters' },
      { value: 'kubeadm:cluster-admins', since: ['1.29'] },
      // kubernetes#138957
      { since: ['1.33.12', '1.34.8', '1.35.5', '1.36.1', '1.37'] },
    ],
    extKeyUsage: ['clientAuth'],
    flags: [
      { component: 'kube-apiserver', certificate: 'kubelet-client-certificate', key: 'kubelet-client-key' },
    ],
    usedBy: [
      // New connections take it up before, open ones go on with the old: kubernetes#114588, kubernetes#115315
      { component: 'kube-apiserver', reloads: { since: '1.27', within: 300 } },
    ],
  },
  {
    kind: 'ca',
    name: 'front-proxy-ca',
    longName: 'self-signed CA to provision identities for front proxy',
    impact: 'aggregated APIs fail: kubectl top, autoscaling',
    baseName: 'front-proxy-ca',
    commonName: 'front-proxy-ca',
    flags: [{ component: 'kube-apiserver', certificate: 'requestheader-client-ca-file' }],
    usedBy: [
      // kubernetes#90360
      { component: 'kube-apiserver', reloads: { since: '1.19', within: 60 } },
      { component: 'kube-controller-manager' },
    ],
  },
  {
    kind: 'leaf',
    name: 'front-proxy-client',
    longName: 'certificate for the front proxy client',
    impact: 'aggregated APIs fail: kubectl top, autoscaling',
    baseName: 'front-proxy-client',
    caName: 'front-proxy-ca',
    commonName: 'front-proxy-client',
    extKeyUsage: ['clientAuth'],
    flags: [
      { component: 'kube-apiserver', certificate: 'proxy-client-cert-file', key: 'proxy-client-key-file' },
    ],
    usedBy: [
      // kubernetes#92791
      { component: 'kube-apiserver', reloads: { since: '1.20', within: 60 } },
    ],
  },
  {
    kind: 'ca',
    name: 'etcd-ca',
    longName: 'self-signed CA to provision identities for etcd',
    impact: 'etcd accepts neither the API server nor its members',
    baseName: 'etcd/ca',
    commonName: 'etcd-ca',
    localEtcdOnly: true,
    onEtcdHosts: true,
    flags: [
      { component: 'etcd', certificate: 'trusted-ca-file' },
      { component: 'kube-apiserver', certificate: 'etcd-cafile' },
    ],
    usedBy: [
      // etcd#11555
      { component: 'etcd' },
      { component: 'kube-apiserver' },
    ],
  },
  {
    kind: 'leaf',
    name: 'etcd-server',
    longName: 'certificate for serving etcd',
    impact: 'the API server cannot reach etcd',
    baseName: 'etcd/server',
    caName: 'etcd-ca',
    commonName: '{nodeName}',
    extKeyUsage: ['serverAuth', 'clientAuth'],
    subjectAltName: 'etcd-server',
    localEtcdOnly: true,
    onEtcdHosts: true,
    flags: [{ component: 'etcd', certificate: 'cert-file', key: 'key-file' }],
    usedBy: [
      // etcd#7829, etcd#9570
      { component: 'etcd', reloads: { since: '3.4', within: 0 } },
    ],
  },
  {
    kind: 'leaf',
    name: 'etcd-peer',
    longName: 'certificate for etcd nodes to communicate with each other',
    impact: 'the members of etcd cannot reach each other',
    baseName: 'etcd/peer',
    caName: 'etcd-ca',
    commonName: '{nodeName}',
    extKeyUsage: ['serverAuth', 'clientAuth'],
    subjectAltName: 'etcd-peer',
    localEtcdOnly: true,
    onEtcdHosts: true,
    flags: [{ component: 'etcd', certificate: 'peer-cert-file', key: 'peer-key-file' }],
    usedBy: [
      // etcd#7829, etcd#9570
      { component: 'etcd', reloads: { since: '3.4', within: 0 } },
    ],
  },
  {
    kind: 'leaf',
    name: 'etcd-healthcheck-client',
    longName: 'certificate for liveness probes to healthcheck etcd',
    impact: 'etcdctl and liveness probes with it are refused by etcd',
    baseName: 'etcd/healthcheck-client',
    caName: 'etcd-ca',
    commonName: 'kube-etcd-healthcheck-client',
    organizations: [{ value: 'system:masters' }, { since: ['1.29'] }],
    extKeyUsage: ['clientAuth'],
    localEtcdOnly: true,
    onEtcdHosts: true,
    flags: [],
    usedBy: [],
  },
  {
    kind: 'leaf',
    name: 'apiserver-etcd-client',
    longName: 'certificate the apiserver uses to access etcd',
    impact: 'the API server cannot reach etcd',
    baseName: 'apiserver-etcd-client',
    caName: 'etcd-ca',
    commonName: 'kube-apiserver-etcd-client',
    organizations: [{ value: 'system:masters' }, { since: ['1.29'] }],
    extKeyUsage: ['clientAuth'],
    localEtcdOnly: true,
    flags: [{ component: 'kube-apiserver', certificate: 'etcd-certfile', key: 'etcd-keyfile' }],
    usedBy: [
      // etcd#7829, of the client library; measured with 1.20.
      { component: 'kube-apiserver', reloads: { since: '1.20', within: 0 } },
    ],
  },
] as const satisfies readonly CertificateSpec[]

export interface KubeconfigSpec extends SubjectSpec {
  readonly name: string
  readonly longName: string
  readonly impact: string
  readonly caName: string
  /** The API server on this node, or the cluster's `controlPlaneEndpoint`. */
  readonly server: 'local' | 'control-plane'
  /** kubeadm's first release with it. */
  readonly since?: string
  /** `init-only`: kubeadm makes it on the first node alone, since 1.29. `kubelet`: never in kubeadm's table, never renewed by it. */
  readonly scope: 'control-plane' | 'init-only' | 'kubelet'
  /** The component whose `--kubeconfig` names it. */
  readonly component?: Component
  /** Embedded credentials are read at the start only. */
  readonly usedBy: readonly Use[]
}

export const KUBECONFIGS = [
  {
    name: 'admin.conf',
    longName: 'certificate embedded in the kubeconfig file for the admin to use and for kubeadm itself',
    impact: 'kubectl and kubeadm with it are refused',
    caName: 'ca',
    commonName: 'kubernetes-admin',
    organizations: [{ value: 'system:masters' }, { value: 'kubeadm:cluster-admins', since: ['1.29'] }],
    server: 'control-plane',
    scope: 'control-plane',
    usedBy: [],
  },
  {
    name: 'super-admin.conf',
    longName: 'certificate embedded in the kubeconfig file for the super-admin',
    impact: 'the way in when RBAC is broken is closed',
    caName: 'ca',
    commonName: 'kubernetes-super-admin',
    organizations: [{ value: 'system:masters' }],
    server: 'control-plane',
    since: '1.29',
    scope: 'init-only',
    usedBy: [],
  },
  {
    name: 'kubelet.conf',
    longName: 'certificate embedded in the kubeconfig file for the kubelet to use',
    impact: 'the kubelet cannot reach the API server: the node goes NotReady',
    caName: 'ca',
    commonName: 'system:node:{nodeName}',
    organizations: [{ value: 'system:nodes' }],
    server: 'control-plane',
    scope: 'kubelet',
    usedBy: [{ component: 'kubelet' }],
  },
  {
    name: 'controller-manager.conf',
    longName: 'certificate embedded in the kubeconfig file for the controller manager to use',
    impact: 'the controller manager stops: nothing is reconciled, no node is signed in',
    caName: 'ca',
    commonName: 'system:kube-controller-manager',
    server: 'local',
    scope: 'control-plane',
    component: 'kube-controller-manager',
    usedBy: [{ component: 'kube-controller-manager' }],
  },
  {
    name: 'scheduler.conf',
    longName: 'certificate embedded in the kubeconfig file for the scheduler manager to use',
    impact: 'the scheduler stops: no new pod gets a node',
    caName: 'ca',
    commonName: 'system:kube-scheduler',
    server: 'local',
    scope: 'control-plane',
    component: 'kube-scheduler',
    usedBy: [{ component: 'kube-scheduler' }],
  },
] as const satisfies readonly KubeconfigSpec[]

export interface KubeletCertificateSpec {
  /** File name in the kubelet's certificate directory. */
  readonly name: string
  readonly longName: string
  readonly impact: string
  readonly caName?: string
  /** The row that signs a request for it, whoever signed what is there. */
  readonly requestedOf?: string
  /** Absent: the key is in the same file. */
  readonly keyName?: string
  /** Absent: the kubelet follows it by itself. */
  readonly usedBy?: readonly Use[]
}

export const KUBELET_CERTIFICATES = [
  {
    name: 'kubelet-client-current.pem',
    longName: 'client certificate of the kubelet, which rotates it',
    impact: 'the kubelet cannot reach the API server: the node goes NotReady',
    caName: 'ca',
  },
  {
    name: 'kubelet-server-current.pem',
    longName: 'serving certificate of the kubelet, which rotates it',
    impact: 'kubectl logs and exec, and metrics of this node fail',
    caName: 'ca',
  },
  {
    name: 'kubelet.crt',
    longName: 'certificate for serving the kubelet API',
    impact: 'kubectl logs and exec, and metrics of this node fail where it is verified',
    keyName: 'kubelet.key',
    requestedOf: 'ca',
    usedBy: [
      // kubernetes#124574
      { component: 'kubelet', reloads: { since: '1.31', within: 60 } },
    ],
  },
] as const satisfies readonly KubeletCertificateSpec[]

/** Not X.509: it never expires and is never renewed, but belongs to a node's PKI. */
export const SERVICE_ACCOUNT_KEY = {
  name: 'sa',
  privateKey: 'sa.key',
  publicKey: 'sa.pub',
  flags: [
    { component: 'kube-apiserver', key: 'service-account-signing-key-file' },
    { component: 'kube-controller-manager', key: 'service-account-private-key-file' },
  ],
  usedBy: [{ component: 'kube-apiserver' }, { component: 'kube-controller-manager' }],
} as const satisfies { flags: readonly FlagSpec[]; usedBy: readonly Use[] } & Readonly<
  Record<string, unknown>
>
