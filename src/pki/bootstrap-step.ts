/** What making a node's files is asked for, and what becomes of each of them. */
import type { ClusterFacts } from '../inventory/profile.ts'
import type { PrivateKey } from '../x509/key.ts'
import type { IssuableKeyAlgorithm } from '../x509/key-algorithm.ts'
import type { CertificateProfile } from '../x509/profile.ts'
import type { AuthorityState } from './authority.ts'
import type { KnownFacts } from './cluster-facts.ts'
import type { Existing, Flaw } from './existing.ts'
import type { Sourced } from './locations.ts'
import { EXTERNAL, LOCAL } from './remedies.ts'
import { type Entry, entryNamed, type Found, type KeyFile, type Snapshot } from './snapshot.ts'

export interface NewKeys {
  readonly algorithm: IssuableKeyAlgorithm
  /** Milliseconds. */
  readonly validity: number
  readonly caValidity: number
}

export type NewKeySources = { readonly [K in keyof NewKeys]: Sourced<NewKeys[K]> }

/** All that is decided on. */
export interface BootstrapFacts {
  readonly snapshot: Snapshot
  readonly facts: KnownFacts
  readonly newKeys: NewKeySources
  /** The private keys on the disk, by row. */
  readonly keys: ReadonlyMap<string, Found<PrivateKey>>
  readonly serviceAccount: ServiceAccountFiles
  readonly now: Date
}

export interface ServiceAccountFiles {
  readonly publicKey: KeyFile
  readonly privateKey: KeyFile
  readonly key: Found<PrivateKey>
  /** Whether the public key on the disk is the private key's. */
  readonly isPair: boolean
}

interface StepOf {
  /** What users type: `apiserver`, `sa`, `admin.conf`. */
  readonly name: string
  readonly kind: 'ca' | 'leaf' | 'sa' | 'kubeconfig'
  /** As kubeadm's lines call it: `etcd/server`, `sa`, `admin.conf`. */
  readonly baseName: string
  readonly warnings: readonly string[]
}

/** There already, and good. */
export interface KeepStep extends StepOf {
  readonly action: 'keep'
  readonly file: string
  readonly keyFile?: string
  /** Its CA's key is not here; of a CA, its own. */
  readonly isExternal: boolean
}

/** kubeadm keeps none of these where etcd runs elsewhere. */
export interface SkipStep extends StepOf {
  readonly action: 'skip'
}

/** Stops the whole job: one broken file is not to be lost among many new ones. */
export interface RefuseStep extends StepOf {
  readonly action: 'refuse'
  readonly message: string
  readonly hint?: string | undefined
  readonly isToBeRequested?: boolean
}

interface NewCertificate extends StepOf {
  readonly action: 'make'
  readonly entry: Entry
  readonly profile: CertificateProfile
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface MakeAuthority extends NewCertificate {
  readonly kind: 'ca'
}

/** The CA that signs: on the disk, or the one made in the same job. */
export type Signer =
  | (AuthorityState & { readonly state: 'local' })
  | { readonly state: 'made'; readonly step: MakeAuthority }

export interface MakeLeaf extends NewCertificate {
  readonly kind: 'leaf'
  readonly signer: Signer
}

export interface MakeKubeconfig extends NewCertificate {
  readonly kind: 'kubeconfig'
  readonly signer: AuthorityState & { readonly state: 'local' }
  readonly facts: ClusterFacts
  readonly server: string
}

/** With a key that is there: its public half alone. */
export interface MakeServiceAccount extends StepOf {
  readonly action: 'make'
  readonly kind: 'sa'
  readonly files: ServiceAccountFiles
}

export type BootstrapStep =
  | KeepStep
  | SkipStep
  | RefuseStep
  | MakeAuthority
  | MakeLeaf
  | MakeKubeconfig
  | MakeServiceAccount

export function refuse(
  row: Omit<RefuseStep, 'action' | 'warnings' | keyof Flaw>,
  { message, hint, isToBeRequested = false }: Flaw,
): RefuseStep {
  return { action: 'refuse', ...row, message, hint, isToBeRequested, warnings: [] }
}

/** What is there of a row, and what to do about what is wrong with it. */
export function existingOf(
  { snapshot, keys, now }: BootstrapFacts,
  entry: Entry,
  isExternal: boolean,
): Existing {
  const authority = entryNamed(snapshot, entry.caName) ?? entry
  const { certificate } = authority
  const subject = certificate.state === 'present' ? ` (${certificate.certificates[0].subject})` : ''
  const { path } = entry.file
  const isKubeconfig = entry.kind === 'kubeconfig'
  return {
    entry,
    authority,
    now,
    key: keys.get(entry.name) ?? { state: 'missing' },
    remedies: isExternal ? EXTERNAL : LOCAL,
    place: {
      file: path,
      keyFile: entry.key?.path ?? path,
      csrFile: isKubeconfig ? `${path}.csr` : `${path.replace(/\.(crt|pem)$/, '')}.csr`,
      authority: `${authority.name}${subject}`,
      commandFlags: snapshot.commandFlags,
    },
  }
}

export type MakeStep = MakeAuthority | MakeLeaf | MakeKubeconfig | MakeServiceAccount
