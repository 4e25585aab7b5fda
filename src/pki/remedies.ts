/** What to do about a file that is not good: where its CA's key is here, a new one can be made; else another answer is needed. */

export interface Place {
  /** As shown. */
  readonly file: string
  /** Of a kubeconfig, the kubeconfig itself. */
  readonly keyFile: string
  /** The request that the CA elsewhere signs. */
  readonly csrFile: string
  /** `ca (CN=kubernetes)` */
  readonly authority: string
  /** For commands that are printed. */
  readonly commandFlags: string
}

type Remedy = (place: Place) => string

export interface Remedies {
  readonly unusable: Remedy
  readonly missingKey: Remedy
  readonly unusableKey: Remedy
  readonly foreignKey: Remedy
  readonly foreignCa: Remedy
  readonly expired: Remedy
  readonly missing: Remedy
}

export const LOCAL: Remedies = {
  unusable: ({ file, keyFile }) =>
    `put a good ${file} back, or move it${keyFile === file ? '' : ` and ${keyFile}`} away to have a new one made`,
  missingKey: ({ file }) => `put the key back, or move ${file} away to have a new pair made`,
  unusableKey: ({ file, keyFile }) =>
    `put a good ${keyFile} back, or move it and ${file} away to have a new pair made`,
  foreignKey: () => 'put the one back that belongs to the other, or move both away to have new ones made',
  foreignCa: ({ file }) =>
    `put the CA back that signed it, or move ${file} and its key away to have new ones made`,
  expired: ({ commandFlags }) => `kubepki certs renew all --within 0s${commandFlags}`,
  missing: ({ file }) => `put ${file} back, or move the key away to have a new pair made`,
}

/** A key is never moved away here: the CA may be signing its request. */
export const EXTERNAL: Remedies = {
  unusable: ({ csrFile, commandFlags }) =>
    `bring the certificate that answers ${csrFile} back: kubepki certs import DIR${commandFlags}; its key stays`,
  missingKey: ({ keyFile, csrFile }) =>
    `put the key back that ${csrFile} was made with to ${keyFile}: the certificate is of no use without it`,
  unusableKey: ({ keyFile, csrFile }) => `put a good ${keyFile} back: the one that ${csrFile} was made with`,
  foreignKey: ({ file, csrFile }) =>
    `each certificate belongs to the key of its request: the one that answers ${csrFile} goes to ${file}; the key stays`,
  foreignCa: ({ csrFile, authority }) => `have ${csrFile} signed by ${authority}; the key stays`,
  expired: ({ csrFile, authority }) => `have ${csrFile} signed again by ${authority}; the key stays`,
  missing: ({ csrFile, authority, commandFlags }) =>
    `have ${csrFile} signed by ${authority}, and install what comes back: kubepki certs import DIR${commandFlags}; the key stays`,
}

/** Of a CA: it is never made anew for a cluster that lives. */
export const OTHER_NODES =
  'the other control-plane nodes have the same; a new CA voids every certificate of the cluster'
