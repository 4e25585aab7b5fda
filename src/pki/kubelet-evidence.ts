/** What was found of a kubelet: how it is set up, and its own certificates. Nothing in it is decided yet. */
import type { KubeletConfiguration } from '../kubernetes/kubelet-configuration.ts'
import type { CertificateFile } from '../x509/certificate.ts'
import type { Sourced } from './locations.ts'
import type { Found, PlacedFile } from './snapshot.ts'

export interface KubeletEvidence {
  readonly configurationFile: PlacedFile
  readonly configuration: Found<{ readonly value: KubeletConfiguration }>
  /** Of its environment files and the systemd unit. Name without dashes -> value. */
  readonly flags: ReadonlyMap<string, Sourced<string>>
  readonly bootstrap: BootstrapKubeconfig
  readonly client: RotatedFiles
  readonly serving: RotatedFiles
  /** Files that the configuration names, where it names any. */
  readonly clientCa?: NamedCertificates | undefined
  readonly tlsCertificate?: NamedCertificates | undefined
  /** What the API server of this node verifies kubelets by: `--kubelet-certificate-authority`. */
  readonly servingAuthority?: NamedCertificates | undefined
  /** What the machine calls itself. */
  readonly hostname?: Sourced<string> | undefined
}

export interface BootstrapKubeconfig {
  readonly file: PlacedFile
  readonly state: 'present' | 'missing' | 'invalid'
  readonly hasToken: boolean
}

/** `kubelet-client-current.pem` and the dated files that the kubelet puts it on, or those of `kubelet-server`. */
export interface RotatedFiles {
  readonly current: { readonly path: string; readonly is: 'link' | 'file' | 'missing' | 'unknown' }
  /** What the link says. */
  readonly target?: string | undefined
  /** The newest by name first; of many the first few. */
  readonly dated: readonly DatedFile[]
}

export interface DatedFile {
  readonly path: string
  readonly realPath?: string | undefined
  readonly certificate: Found<CertificateFile>
}

export interface NamedCertificates {
  readonly file: PlacedFile
  readonly certificate: Found<CertificateFile>
}
