/** Plans the requests of a whole node for an external CA: keys, requests, kubeconfigs that wait for their certificates. Pure. */
import { basename, dirname, join } from 'node:path'
import { type CertificateSpec, KUBECONFIGS, type KubeconfigSpec } from '../inventory/catalog.ts'
import type { ClusterFacts } from '../inventory/profile.ts'
import { certificateProfile, clientProfile, serverFor } from '../inventory/profile.ts'
import { certificatesFor, REQUESTED_ONLY } from '../inventory/select.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { CertificateProfile } from '../x509/profile.ts'
import { kubeconfigsOf, tooNew } from './bootstrap-kubeconfigs.ts'
import { lackingFacts } from './bootstrap-signer.ts'
import { type BootstrapFacts, type RefuseStep, refuse } from './bootstrap-step.ts'
import { factValues } from './cluster-facts.ts'
import type { Flaw } from './existing.ts'
import { type Entry, entryNamed, type PlacedFile } from './snapshot.ts'

interface RequestOf {
  readonly action: 'request'
  readonly name: string
  readonly baseName: string
  readonly caName: string
  readonly profile: CertificateProfile
  readonly csr: PlacedFile
  readonly warnings: readonly string[]
}

export interface PairRequest extends RequestOf {
  readonly kind: 'leaf'
  readonly key: PlacedFile
}

export interface KubeconfigRequest extends RequestOf {
  readonly kind: 'kubeconfig'
  /** Holds the key, and has no client certificate yet. */
  readonly kubeconfig: PlacedFile
  readonly facts: ClusterFacts
  readonly server: string
  /** The cluster's CA, as far as it is here. */
  readonly trust: readonly Certificate[]
}

export type RequestStep = PairRequest | KubeconfigRequest | RefuseStep

export interface RequestOrder {
  readonly names: 'all' | readonly string[]
  readonly isThere: (file: PlacedFile) => boolean
}

/** Rows of the inventory that a CA signs. */
export const REQUESTABLE: readonly string[] = [
  ...certificatesFor('local').flatMap(({ kind, name }) => (kind === 'leaf' ? name : [])),
  ...KUBECONFIGS.map(({ name }) => name),
]

/** Rows for which a request may wait, whoever made it. */
export const AWAITABLE: readonly string[] = [...REQUESTABLE, ...REQUESTED_ONLY.map(({ name }) => name)]

/** Those of the rows named that this node has. */
export function planRequests(facts: BootstrapFacts, order: RequestOrder): RequestStep[] {
  const { names } = order
  const isNamed = ({ name }: { readonly name: string }) => names === 'all' || names.includes(name)
  const own = certificatesFor(facts.snapshot.locations.etcd.value)
  const leaves = own.filter(spec => spec.kind === 'leaf' && isNamed(spec))
  return [
    ...(names === 'all' ? [] : notHere(facts, names)),
    ...leaves.map(spec => planPair(facts, spec, order)),
    ...kubeconfigsOf(facts.facts)
      .filter(isNamed)
      .map(spec => planKubeconfig(facts, spec, order)),
  ]
}

function planPair(facts: BootstrapFacts, spec: CertificateSpec, { isThere }: RequestOrder): RequestStep {
  const { name, baseName, caName = '' } = spec
  const entry = entryNamed(facts.snapshot, name) as Entry
  const key = entry.key ?? entry.file
  const csr = requestPlaceOf(entry)
  const step = { name, baseName, kind: 'leaf', warnings: [] } as const
  const flaw = lackingFacts(facts, spec) ?? obstacleOf(facts, [csr, key, entry.file], isThere)
  if (flaw) return refuse(step, flaw)
  const profile = certificateProfile(spec, factValues(facts.facts))
  return { action: 'request', ...step, caName, csr, key, profile }
}

function planKubeconfig(facts: BootstrapFacts, spec: KubeconfigSpec, { isThere }: RequestOrder): RequestStep {
  const { name, caName } = spec
  const entry = entryNamed(facts.snapshot, name) as Entry
  const { file } = entry
  const csr = requestPlaceOf(entry)
  const step = { name, baseName: name, kind: 'kubeconfig', warnings: [] } as const
  const flaw = lackingFacts(facts, spec) ?? obstacleOf(facts, [csr, file], isThere)
  if (flaw) return refuse(step, flaw)
  const values = factValues(facts.facts)
  const profile = clientProfile(spec, values)
  const files = { csr, kubeconfig: file, trust: trustOf(facts, caName) }
  return {
    action: 'request',
    ...step,
    caName,
    ...files,
    profile,
    facts: values,
    server: serverFor(spec, values),
  }
}

/** Asked for by name, and nothing of this node. */
function notHere({ snapshot, facts }: BootstrapFacts, names: readonly string[]): RefuseStep[] {
  const { etcd } = snapshot.locations
  const own: readonly { readonly name: string }[] = [...certificatesFor(etcd.value), ...kubeconfigsOf(facts)]
  const isForeign = ({ name }: { readonly name: string }) =>
    names.includes(name) && !own.some(one => one.name === name)
  return [
    ...certificatesFor('local')
      .filter(isForeign)
      .map(({ name, baseName }) => {
        const message = `this node keeps no ${name}: etcd runs elsewhere (${etcd.source})`
        return refuse({ name, baseName, kind: 'leaf' }, { message })
      }),
    ...KUBECONFIGS.filter(isForeign).map(spec =>
      refuse({ name: spec.name, baseName: spec.name, kind: 'kubeconfig' }, tooNew(spec, facts)),
    ),
  ]
}

/** Where the request of a row is when it is not in a directory of its own: kubeadm's place. */
export function requestPlaceOf({ kind, file }: Pick<Entry, 'kind' | 'file'>): PlacedFile {
  return besides(file, kind === 'kubeconfig' ? file.path : file.path.replace(/\.(crt|pem)$/, ''))
}

/** `<stem>.csr`, where the file really is. */
function besides({ path, realPath, source }: PlacedFile, stem: string): PlacedFile {
  const name = `${basename(stem)}.csr`
  const place = { path: join(dirname(path), name), source }
  return realPath === undefined ? place : { ...place, realPath: join(dirname(realPath), name) }
}

function obstacleOf(
  { snapshot }: BootstrapFacts,
  files: readonly PlacedFile[],
  isThere: RequestOrder['isThere'],
): Flaw | undefined {
  const nowhere = files.find(({ realPath }) => realPath === undefined)
  if (nowhere)
    return {
      message: `${nowhere.path} cannot be written: it is a link that leads nowhere, or out of the root`,
    }
  const taken = files.filter(isThere).map(({ path }) => path)
  if (taken.length === 0) return undefined
  return {
    message: `file already exists: ${taken.join(', ')}`,
    hint: `a request is made with a new key, and a key that may be in use is never replaced: what waits for an answer: kubepki certs requests${snapshot.commandFlags}; for what is in use: kubepki certs renew all --csr-only${snapshot.commandFlags}; otherwise move them away`,
  }
}

function trustOf({ snapshot }: BootstrapFacts, caName: string): readonly Certificate[] {
  const authority = entryNamed(snapshot, caName)
  return authority?.certificate.state === 'present' ? authority.certificate.certificates : []
}
