/** New kubeconfig files, laid out as kubeadm's. */
import { isAtLeast } from './version.ts'
import { encodeYaml } from './yaml.ts'

export interface KubeconfigParts {
  readonly clusterName: string
  readonly server: string
  /** PEM; absent: its place stays empty. */
  readonly certificateAuthority?: string | undefined
  /** How else the server is reached. */
  readonly proxyUrl?: string | undefined
  readonly tlsServerName?: string | undefined
  readonly userName: string
  readonly credentials: Credentials
  /** client-go wrote an empty `preferences` until 1.34. */
  readonly kubernetesVersion: string
}

/** PEM; a certificate that is still to be signed is absent. */
export type Credentials =
  | { readonly certificate?: string; readonly key: string; readonly token?: undefined }
  | { readonly token: string }

export function encodeKubeconfig(parts: KubeconfigParts): string {
  const { clusterName, userName, credentials, kubernetesVersion } = parts
  const context = `${userName}@${clusterName}`
  return encodeYaml({
    apiVersion: 'v1',
    clusters: [{ cluster: clusterOf(parts), name: clusterName }],
    contexts: [{ context: { cluster: clusterName, user: userName }, name: context }],
    'current-context': context,
    kind: 'Config',
    ...(isAtLeast(kubernetesVersion, '1.34') ? {} : { preferences: {} }),
    users: [{ name: userName, user: userOf(credentials) }],
  })
}

function clusterOf({ server, certificateAuthority, proxyUrl, tlsServerName }: KubeconfigParts): object {
  return {
    ...(certificateAuthority !== undefined && {
      'certificate-authority-data': base64(certificateAuthority),
    }),
    ...(proxyUrl !== undefined && { 'proxy-url': proxyUrl }),
    server,
    ...(tlsServerName !== undefined && { 'tls-server-name': tlsServerName }),
  }
}

function userOf(credentials: Credentials): object {
  if (credentials.token !== undefined) return { token: credentials.token }
  const { certificate, key } = credentials
  return {
    ...(certificate !== undefined && { 'client-certificate-data': base64(certificate) }),
    'client-key-data': base64(key),
  }
}

function base64(pem: string): string {
  return Buffer.from(pem, 'utf8').toString('base64')
}
