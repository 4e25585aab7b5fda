/** `requests.json`: what was asked for, of which CA, and where the answers go. For the CA's people and for whoever imports. */

export interface RequestManifest {
  readonly apiVersion: 'kubepki/v1'
  readonly kind: 'CertificateRequests'
  /** Of kubepki. */
  readonly version: string
  /** Name of the node, where it is known. */
  readonly node: string
  readonly requests: readonly ManifestRequest[]
}

export interface ManifestRequest {
  /** The row: `apiserver`, `admin.conf`. */
  readonly name: string
  /** The request, from the directory of the manifest. */
  readonly file: string
  /** RFC 3339. */
  readonly created: string
  /** Over the SubjectPublicKeyInfo, lower-case hexadecimal: what an answer is matched by. */
  readonly publicKeySha256: string
  /** RFC 4514, most specific first. */
  readonly subject: string
  /** `DNS:lb.example.com`, `IP:10.0.0.1`. */
  readonly subjectAltNames: readonly string[]
  /** As RFC 5280 calls them: `digitalSignature`, `keyEncipherment`. */
  readonly keyUsage: readonly string[]
  /** `serverAuth`, `clientAuth`. */
  readonly extKeyUsage: readonly string[]
  readonly caName: string
  /** Of the CA that the cluster trusts, where its certificate is here. */
  readonly caSubject?: string
  readonly caFingerprintSha256?: string
  /** The longest validity that is asked for, in days. */
  readonly longestValidityDays: number
  /** Where the answer goes: of a kubeconfig that embeds it, the kubeconfig. */
  readonly certificateFile: string
  /** RFC 3339: the answer was installed then, and the request is no longer pending. */
  readonly installed?: string
}

export const MANIFEST_FILE = 'requests.json'
export const SHEET_FILE = 'SIGNING.md'
