/** What a listener showed, held against the files of the node. Pure. */
import { type Certificate, isSameCertificate } from '../x509/certificate.ts'
import { isAnchored } from './certification-path.ts'
import type { Evidence } from './evidence.ts'
import { LOOPBACK_NAME } from './listeners.ts'
import type { LiveEndpoint } from './live-evidence.ts'
import { type Entry, entryNamed } from './snapshot.ts'

/**
 * `same`: what the file has. `stale`: another of the same CA, or by the same maker. `other-row`: that of another row.
 * `foreign`: of no CA of this node. `elsewhere`: of the node's CA, at an address that may lead to another node.
 * `uncompared`: nothing was shown, or there is nothing to hold it against.
 */
export type Likeness = 'same' | 'stale' | 'other-row' | 'foreign' | 'elsewhere' | 'uncompared'

export interface Comparison {
  readonly likeness: Likeness
  /** Of `other-row`. */
  readonly row?: string
}

export function compareServed(evidence: Evidence, endpoint: LiveEndpoint): Comparison {
  const [leaf] = endpoint.chain
  const file = expectedLeaf(endpoint)
  if (!leaf) return { likeness: 'uncompared' }
  if (file && isSameCertificate(leaf, file)) return { likeness: 'same' }
  if (endpoint.role === 'further')
    return { likeness: isOfNode(evidence, endpoint, leaf) ? 'elsewhere' : 'foreign' }
  if (!file) return { likeness: 'uncompared' }
  const row = evidence.snapshot.entries.find(entry => isOf(entry, leaf))?.name
  if (row !== undefined) return { likeness: 'other-row', row }
  const isKnown = isOfNode(evidence, endpoint, leaf) || isOfSameMaker(evidence, leaf, file)
  return { likeness: isKnown ? 'stale' : 'foreign' }
}

export function expectedLeaf({ expected }: Pick<LiveEndpoint, 'expected'>): Certificate | undefined {
  return expected?.certificate.state === 'present' ? expected.certificate.certificates[0] : undefined
}

function isOf({ certificate }: Entry, leaf: Certificate): boolean {
  return certificate.state === 'present' && isSameCertificate(certificate.certificates[0], leaf)
}

function isOfNode(evidence: Evidence, { chain }: LiveEndpoint, leaf: Certificate): boolean {
  const anchors = anchorsOf(evidence, undefined)
  return isAnchored(leaf, anchors, [...chain, ...certificatesOf(evidence)])
}

/** A file that no CA of the node signed says by its issuer who makes its like; what signs for itself, by its own name. */
function isOfSameMaker(evidence: Evidence, leaf: Certificate, file: Certificate): boolean {
  const anchors = anchorsOf(evidence, undefined)
  const isByNode = isAnchored(file, anchors, certificatesOf(evidence))
  const isBySameName = makerOf(leaf.issuer) === makerOf(file.issuer)
  return (!isByNode && isBySameName) || isOwnMake(leaf, evidence.facts.nodeName?.value)
}

/** Kubernetes' self-made certificates have the time of their making in the name: `cp-1-ca@1795305600`. */
const makerOf = (name: string) => name.replace(/@\d+$/, '')

function isOwnMake({ subject }: Certificate, nodeName: string | undefined): boolean {
  return nodeName !== undefined && makerOf(subject) === `CN=${nodeName}`
}

/** What clients of the row trust; without one, every CA of the node. */
export function anchorsOf({ snapshot }: Evidence, caName: string | undefined): readonly Certificate[] {
  const row = entryNamed(snapshot, caName)
  const rows = row ? [row] : snapshot.entries.filter(({ kind }) => kind === 'ca')
  return rows.flatMap(({ certificate }) => (certificate.state === 'present' ? certificate.certificates : []))
}

/** Every certificate of the node: an intermediate may be in any file. */
export function certificatesOf({ snapshot }: Evidence): readonly Certificate[] {
  return snapshot.entries.flatMap(({ certificate }) =>
    certificate.state === 'present' ? certificate.certificates : [],
  )
}

/** Asked for by name, another server shows what it always shows. */
export function isLoopbacks({ subject }: Certificate): boolean {
  return subject.startsWith(`CN=${LOOPBACK_NAME}@`)
}
