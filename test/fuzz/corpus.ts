/** What the mutations start from: the fixtures, by kind. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const DIRECTORIES = ['defects', 'fuzz/corpus', 'nodes']
/** A seed is chosen at random: of files that differ in numbers alone a few are enough. */
const NODES = /^nodes\/(stock-1\.31|ecdsa|kubespray|external-etcd)\//

const KINDS = {
  certificate: /\.(crt|pem)$/,
  key: /\.key$/,
  answer: /\.(crt|p7b|der)$/,
  request: /\.csr(\.der)?$/,
  kubeconfig: /\.conf$/,
  pod: /manifests\/.*\.yaml$/,
  configuration: /kubeadm\.yaml$/,
  requests: /requests\.json$/,
  backup: /manifest\.json$/,
  journal: /journal\.json$/,
} as const satisfies Record<string, RegExp>
export type CorpusKind = keyof typeof KINDS

interface File {
  readonly path: string
  readonly bytes: Buffer
}

function filesBelow(root: string, path: string): File[] {
  return readdirSync(join(root, path), { withFileTypes: true })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap(entry => {
      const inside = `${path}/${entry.name}`
      if (entry.isDirectory()) return filesBelow(root, inside)
      return entry.isFile() ? [{ path: inside, bytes: readFileSync(join(root, inside)) }] : []
    })
}

export type Corpus = (kind: CorpusKind) => readonly Buffer[]

export function readCorpus(fixtures: string): Corpus {
  const all = DIRECTORIES.flatMap(directory => filesBelow(fixtures, directory))
  const files = all.filter(({ path }) => !path.startsWith('nodes/') || NODES.test(path))
  const byKind = new Map<CorpusKind, readonly Buffer[]>()
  return kind => {
    const known =
      byKind.get(kind) ?? files.filter(({ path }) => KINDS[kind].test(path)).map(({ bytes }) => bytes)
    byKind.set(kind, known)
    return known
  }
}
