/** Which file of the certificate directory kubeadm has each flag name, and what shows that it is the right one. Rows only. */
import { CERTIFICATES, type CertificateSpec, type Component, SERVICE_ACCOUNT_KEY } from './catalog.ts'

export interface ComponentFlag {
  readonly component: Component
  readonly flag: string
}

export interface UsualFlag extends ComponentFlag {
  /** The row of the inventory. */
  readonly row: string
  /** Below the certificate directory. */
  readonly file: string
  /** The flag that names the other half of a pair, of the same component. */
  readonly partner?: string
  /** Of a CA: whose certificates it has to accept. */
  readonly accepts?: readonly ComponentFlag[] | 'kubeconfigs'
  /** For tokens: public halves are in the files of the one, private ones in those of the other. */
  readonly tokens?: 'public' | 'private'
}

const SPECS: readonly CertificateSpec[] = CERTIFICATES
const API = 'kube-apiserver'
const MANAGER = 'kube-controller-manager'

const PAIRS: readonly UsualFlag[] = SPECS.flatMap(({ name: row, baseName, flags }) =>
  flags.flatMap(({ component, certificate, key }): readonly UsualFlag[] =>
    certificate && key
      ? [
          { component, flag: certificate, row, file: `${baseName}.crt`, partner: key },
          { component, flag: key, row, file: `${baseName}.key`, partner: certificate },
        ]
      : [],
  ),
)

const CLUSTER = { row: 'ca', file: 'ca.crt' } as const
const FRONT_PROXY = { row: 'front-proxy-ca', file: 'front-proxy-ca.crt' } as const
const ETCD = { row: 'etcd-ca', file: 'etcd/ca.crt' } as const
const PROXY = [{ component: API, flag: 'proxy-client-cert-file' }] as const

const AUTHORITIES: readonly UsualFlag[] = [
  ...([API, MANAGER, 'kube-scheduler'] as const).flatMap(component => [
    { component, flag: 'client-ca-file', ...CLUSTER, accepts: 'kubeconfigs' as const },
    { component, flag: 'requestheader-client-ca-file', ...FRONT_PROXY, accepts: PROXY },
  ]),
  {
    ...{ component: MANAGER, flag: 'root-ca-file', ...CLUSTER },
    accepts: [{ component: API, flag: 'tls-cert-file' }],
  },
  {
    ...{ component: API, flag: 'etcd-cafile', ...ETCD },
    accepts: [{ component: 'etcd', flag: 'cert-file' }],
  },
  {
    ...{ component: 'etcd', flag: 'trusted-ca-file', ...ETCD },
    accepts: [{ component: API, flag: 'etcd-certfile' }],
  },
  {
    ...{ component: 'etcd', flag: 'peer-trusted-ca-file', ...ETCD },
    accepts: [{ component: 'etcd', flag: 'peer-cert-file' }],
  },
]

const { name: row, publicKey, privateKey, flags } = SERVICE_ACCOUNT_KEY
const TOKENS: readonly UsualFlag[] = [
  { component: API, flag: 'service-account-key-file', row, file: publicKey, tokens: 'public' },
  ...flags.map(({ component, key }) => ({
    ...{ component, flag: key, row, file: privateKey },
    tokens: 'private' as const,
  })),
]

export const USUAL_FLAGS: readonly UsualFlag[] = [...PAIRS, ...AUTHORITIES, ...TOKENS]
