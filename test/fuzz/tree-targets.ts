/** Readers that take a tree: one of its files is the input. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkExpiration } from '../../src/operations/check-expiration.ts'
import { listBackups } from '../../src/store/backup.ts'
import { readJournal } from '../../src/store/journal.ts'
import { findStore } from '../../src/store/state.ts'
import { orRefusal } from './contract.ts'
import type { CorpusKind } from './corpus.ts'
import type { Target } from './targets.ts'

const NOW = new Date('2026-12-01T00:00:00Z')

let made: string | undefined

/** One tree for the whole process; whoever started it removes it, as this process may be killed. */
function tree(): string {
  const { FUZZ_FIXTURES = '', FUZZ_DIRECTORY = '' } = process.env
  if (made) return made
  made = mkdtempSync(join(FUZZ_DIRECTORY, 'tree-'))
  cpSync(join(FUZZ_FIXTURES, 'nodes/stock-1.31'), made, { recursive: true })
  return made
}

/** Afterwards the file is as it was. */
function withFile<T>(path: string, contents: Buffer, read: () => T): T {
  const file = join(tree(), path)
  mkdirSync(dirname(file), { recursive: true })
  const kept = `${file}.kept`
  const isThere = existing(file, kept)
  try {
    writeFileSync(file, contents)
    return read()
  } finally {
    rmSync(file)
    if (isThere) cpSync(kept, file)
  }
}

function existing(file: string, kept: string): boolean {
  try {
    cpSync(file, kept)
    return true
  } catch {
    return false
  }
}

function report(): readonly string[] {
  const { everything, warnings } = checkExpiration({ root: tree(), now: NOW })
  return [...warnings, ...everything.flatMap(({ message }) => message ?? [])]
}

const PKI = 'etc/kubernetes/pki'
const BACKUPS = 'etc/kubernetes/kubepki-backups'
const BACKUP = '20261201T000000Z'

const reportOn = (corpus: CorpusKind, path: string): Target => ({
  name: `report-${corpus}`,
  corpus,
  weight: 0.5,
  run: input => withFile(path, input, () => orRefusal(report)),
})

export const TREE_TARGETS: readonly Target[] = [
  reportOn('certificate', `${PKI}/ca.crt`),
  reportOn('kubeconfig', 'etc/kubernetes/admin.conf'),
  reportOn('pod', 'etc/kubernetes/manifests/kube-apiserver.yaml'),
  {
    name: 'backup',
    corpus: 'backup',
    weight: 2,
    run: input =>
      withFile(`${BACKUPS}/${BACKUP}/manifest.json`, input, () =>
        orRefusal(() => listBackups(findStore({ root: tree() })).damaged.map(({ found }) => found)),
      ),
  },
  {
    name: 'journal',
    corpus: 'journal',
    weight: 2,
    run: input =>
      withFile(`${BACKUPS}/journal.staging`, input, () =>
        orRefusal(() => [readJournal(findStore({ root: tree() }), 'staging').command].slice(1)),
      ),
  },
]
