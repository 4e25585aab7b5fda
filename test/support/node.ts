/** Trees of nodes in temp directories that go away with the test. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

const FIXTURES = join(import.meta.dirname, '../../fixtures')

export function fixture(...path: string[]): string {
  return join(FIXTURES, ...path)
}

export function readFixture(...path: string[]): string {
  return readFileSync(fixture(...path), 'utf8')
}

const LASTING: (() => void)[] = []
afterAll(() => {
  for (const remove of LASTING.splice(0)) remove()
})

/** Of a hook it lasts as long as its file. */
export function tempDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'kubepki-test-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  try {
    onTestFinished(remove)
  } catch {
    LASTING.push(remove)
  }
  return directory
}

/** A copy of a fixture's tree, with the modes kubeadm gives; `changes` writes files over it, or removes them (null). */
export function copyNode(name: string, changes: Readonly<Record<string, string | null>> = {}): string {
  const root = tempDir()
  cpSync(fixture('nodes', name), root, { recursive: true, verbatimSymlinks: true })
  for (const file of filesOf(root)) if (/\.(key|conf|pem|pub)$/.test(file)) chmodSync(join(root, file), 0o600)
  for (const [file, text] of Object.entries(changes)) {
    const path = join(root, file)
    if (text === null) rmSync(path, { recursive: true })
    else {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
  }
  return root
}

/** Regular files below a directory, relative to it. */
function filesOf(directory: string, below = ''): string[] {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap(entry => {
    const path = join(below, entry.name)
    if (entry.isDirectory()) return filesOf(directory, path)
    return entry.isFile() ? [path] : []
  })
}

/** Every entry below a directory -> mode and content: equal before and after means untouched. */
export function fingerprint(directory: string, below = ''): Record<string, string> {
  const all: Record<string, string> = {}
  for (const entry of readdirSync(join(directory, below), { withFileTypes: true })) {
    const path = join(below, entry.name)
    const full = join(directory, path)
    if (entry.isDirectory()) Object.assign(all, { [path]: 'directory' }, fingerprint(directory, path))
    else if (entry.isSymbolicLink()) all[path] = `-> ${readlinkSync(full)}`
    else all[path] = `${(lstatSync(full).mode & 0o7777).toString(8)} ${sha256(readFileSync(full))}`
  }
  return all
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
