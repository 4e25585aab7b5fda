/** Files of CAs that are not where they belong. That is told once; all else is looked at as if they were. */
import { impactOf } from '../../inventory/names.ts'
import { type CertificateFile, hasSameKey } from '../../x509/certificate.ts'
import { isKeyOf, type PrivateKey } from '../../x509/key.ts'
import { pathAbove } from '../certification-path.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence, FlagFile } from '../evidence.ts'
import type { NamedCertificates } from '../kubelet-evidence.ts'
import { type Entry, entryNamed, type Found } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { anchorOf, judged } from './paths.ts'
import { authoritiesOf, certificatesOf, observe, type Subject, shownKeys } from './subjects.ts'

export const MISPLACED_CHECKS: readonly Check[] = [
  {
    code: 'AUTHORITIES_SWAPPED',
    group: 'pairs',
    severity: 'error',
    title: 'the files of CAs are in the place of each other',
    needs: ['certificates'],
    remedy: "put each in the other's place",
    isCause: true,
    find: evidence => swapsOf(evidence).map(swap => swapped(evidence, swap)),
  },
  {
    code: 'CA_FILE_FOREIGN',
    group: 'pairs',
    severity: 'error',
    title: "the file of the cluster's CA holds another CA than the node's certificates and kubeconfigs have",
    needs: ['certificates'],
    remedy: 'take the CA out of a kubeconfig that has it, compare, and put it in place',
    isCause: true,
    find: evidence => {
      const foreign = foreignOf(evidence)
      return foreign ? [foreignAuthority(evidence, foreign)] : []
    },
  },
]

/** What the files hold once those of the CAs are where they belong. */
export function asItShouldBe(evidence: Evidence): Evidence {
  const swaps = swapsOf(evidence)
  const foreign = swaps.length === 0 ? foreignOf(evidence) : undefined
  if (swaps.length === 0 && !foreign) return evidence
  const places = new Map(swaps.flatMap(swap => placesAfter(evidence, swap)))
  if (foreign) places.set('ca', { certificate: foreign.authority })
  return replaced(evidence, places)
}

/** Rows of CAs; each belongs where the one before it is, the last where the first is. */
interface Swap {
  readonly rows: readonly Subject[]
  /** The keys lie beside the certificates that they belong to. */
  readonly isWithKeys: boolean
}

/** Each signed most of what another one ought to have signed, round in a circle. */
function swapsOf(evidence: Evidence): readonly Swap[] {
  const rows = authoritiesOf(evidence)
  const left = new Set(rows)
  return rows.flatMap(first => {
    const circle: Subject[] = []
    let row: Subject | undefined = first
    while (row && left.delete(row)) {
      circle.push(row)
      row = signerOf(evidence, row.name)
    }
    if (circle.length < 2 || row !== first) return []
    return { rows: circle, isWithKeys: circle.every(one => hasOwnKey(evidence, one)) }
  })
}

function hasOwnKey({ keys }: Evidence, { name, leaf, rest }: Subject): boolean {
  const key = keys.get(name)
  return key?.state === 'present' && [leaf, ...rest].some(one => isKeyOf(key, one))
}

function leavesBelow(evidence: Evidence, name: string): readonly Subject[] {
  return judged(evidence).filter(({ entry }) => entry.caName === name && !evidence.copies.includes(entry))
}

/** The CA on this node that signed most of a row's leaves. */
function signerOf(evidence: Evidence, name: string): Subject | undefined {
  const anchors = leavesBelow(evidence, name).map(leaf => anchorOf(evidence, leaf))
  return authoritiesOf(evidence).find(
    one => anchors.filter(anchor => anchor === one.name).length * 2 > anchors.length,
  )
}

function swapped(evidence: Evidence, { rows, isWithKeys }: Swap): Observation & { certificate: string } {
  const [first] = rows as readonly [Subject, ...Subject[]]
  const names = rows.map(({ name }) => name)
  const files = (isWithKeys ? (['file', 'key'] as const) : (['file'] as const)).map(side =>
    rows.map(({ entry }) => entry[side]?.path ?? ''),
  )
  const said = rows.map((row, index) => `${row.file} signed what ${names.at(index - 1)} ought to have`)
  return observe(evidence, first, {
    concerns: concernedBy(evidence, names),
    expected: `each CA in its own file: ${rows.map(({ name, file }) => `${name} in ${file}`).join(', ')}`,
    found: `the files of ${names.join(' and ')} are swapped: ${said.join('; ')}`,
    impact: names.map(impactOf).join('; '),
    remedy: [proofOf(evidence, rows), ...files.map(movedRound)].filter(Boolean).join(' && '),
  })
}

/** Where the first's CA is not in the second's file (any more), nothing is to be moved. */
function proofOf(evidence: Evidence, [first, second]: readonly Subject[]): string {
  const leaf = first && leavesBelow(evidence, first.name).find(({ entry }) => entry.kind === 'leaf')
  if (!leaf || !second) return ''
  return `openssl verify -partial_chain -no_check_time -CAfile ${shellWord(second.file)} ${shellWord(leaf.file)}`
}

/** The first is put aside, and each takes the place of the one before it. */
function movedRound(files: readonly string[]): string {
  const aside = `${files[0]}.aside`
  const ways = [...files, aside].map((from, index) => [from, index === 0 ? aside : files[index - 1]])
  return ways.map(way => `mv -T ${way.map(one => shellWord(one ?? '')).join(' ')}`).join(' && ')
}

function concernedBy({ snapshot }: Evidence, authorities: readonly string[]): readonly string[] {
  const below = snapshot.entries.filter(({ caName = '' }) => authorities.includes(caName))
  return [...authorities, ...below.map(({ name }) => name)]
}

interface Foreign {
  readonly row: Subject
  /** The first that has the right one, and all that have it. */
  readonly holders: readonly [Entry, ...Entry[]]
  readonly authority: Found<CertificateFile> & { readonly state: 'present' }
  readonly signed: number
}

/** Kubeconfigs trust the CA that signed most of what is here, and the file holds another one. */
function foreignOf(evidence: Evidence): Foreign | undefined {
  const row = authoritiesOf(evidence).find(({ name }) => name === 'ca')
  const leaves = leavesBelow(evidence, 'ca')
  const isKnown = leaves.some(leaf => anchorOf(evidence, leaf) !== undefined)
  if (!row || leaves.length === 0 || isKnown) return undefined
  const holders = evidence.snapshot.entries.filter(entry => {
    const signed = leaves.filter(leaf => isBelow(leaf, trustOf(entry)))
    return signed.length * 2 > leaves.length
  })
  const [first, ...more] = holders
  const authority = first?.kubeconfig?.certificateAuthority
  if (!first || authority?.state !== 'present') return undefined
  const signed = leaves.filter(leaf => isBelow(leaf, authority.certificates)).length
  return { row, holders: [first, ...more], authority, signed }
}

function trustOf({ kubeconfig }: Entry): CertificateFile['certificates'] | [] {
  const trust = kubeconfig?.certificateAuthority
  return trust?.state === 'present' ? trust.certificates : []
}

function isBelow({ leaf, rest }: Subject, authorities: CertificateFile['certificates'] | []): boolean {
  const path = pathAbove(leaf, [...authorities, ...rest])
  return path.some(one => authorities.some(known => hasSameKey(known, one)))
}

function foreignAuthority(evidence: Evidence, { row, holders, authority, signed }: Foreign): Observation {
  const key = evidence.keys.get('ca')
  const hasKey = key?.state === 'present' && authority.certificates.some(one => isKeyOf(key, one))
  const names = holders.map(({ name }) => name).join(', ')
  return observe(evidence, row, {
    concerns: concernedBy(evidence, ['ca']),
    expected: `${shownKeys(authority.certificates)}: it signed ${signed} of this node's certificates, and is in ${names}${hasKey ? `; ${row.entry.key?.path} is its key` : ''}`,
    found: `another CA, which signed none: ${shownKeys(certificatesOf(evidence, 'ca'))}`,
    remedy: takenOut(holders[0], row.file),
  })
}

/** Beside the other one, to be looked at. */
function takenOut(holder: Entry, file: string): string {
  const target = shellWord(`${file}.new`)
  const view = `kubectl config view --raw --minify --flatten --kubeconfig=${shellWord(holder.file.path)}`
  return `${view} -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > ${target} && openssl x509 -in ${target} -noout -subject -enddate -fingerprint -sha256 # compare it with another node's, then: mv --backup=numbered ${target} ${shellWord(file)}`
}

/** What a row's files hold; without a key, the key stays. */
interface Contents {
  readonly certificate: Found<CertificateFile>
  readonly key?: Found<PrivateKey> | undefined
}

function placesAfter(
  { keys }: Evidence,
  { rows, isWithKeys }: Swap,
): readonly (readonly [string, Contents])[] {
  return rows.map(({ name }, index) => {
    const next = rows[(index + 1) % rows.length] as Subject
    return [name, { certificate: next.entry.certificate, key: isWithKeys ? keys.get(next.name) : undefined }]
  })
}

function replaced(evidence: Evidence, places: ReadonlyMap<string, Contents>): Evidence {
  const { snapshot, keys, flagFiles, kubelet } = evidence
  const inKubelets = (one: NamedCertificates | undefined) => one && withCertificates(evidence, one, places)
  const entries = snapshot.entries.map(entry => {
    const place = places.get(entry.name)
    return place ? { ...entry, certificate: place.certificate } : entry
  })
  const moved = [...places].flatMap(([name, { key }]) => (key ? [[name, key] as const] : []))
  return {
    ...evidence,
    snapshot: { ...snapshot, entries },
    keys: new Map([...keys, ...moved]),
    flagFiles: flagFiles.map(one => withContents(evidence, one, places)),
    kubelet: {
      ...kubelet,
      clientCa: inKubelets(kubelet.clientCa),
      servingAuthority: inKubelets(kubelet.servingAuthority),
    },
  }
}

function withContents(
  { snapshot }: Evidence,
  one: FlagFile,
  places: ReadonlyMap<string, Contents>,
): FlagFile {
  for (const [name, { certificate, key }] of places) {
    const entry = entryNamed(snapshot, name)
    if (entry?.file.path === one.file.path) return { ...one, contents: certificate }
    if (key?.state === 'present' && entry?.key?.path === one.file.path)
      return { ...one, contents: { state: 'present', key } }
  }
  return one
}

function withCertificates(
  { snapshot }: Evidence,
  one: NamedCertificates,
  places: ReadonlyMap<string, Contents>,
): NamedCertificates {
  const row = snapshot.entries.find(({ kind, file }) => kind === 'ca' && file.path === one.file.path)
  const place = row && places.get(row.name)
  return place ? { ...one, certificate: place.certificate } : one
}
