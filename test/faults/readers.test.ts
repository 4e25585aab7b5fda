/** Who reads while files are changed. Between two renames the old key and the new certificate may be met: how long, is printed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { callsOf, kubepkiProcess } from '../support/faults.ts'
import { pairsOf, troublesAtRest } from '../support/judge.ts'
import { copyNode } from '../support/node.ts'

const RENEW = ['certs', 'renew', 'all', '--encryption-algorithm', 'ECDSA-P256']
const ROLLBACK = ['certs', 'rollback']

interface Seen {
  readonly reads: number
  readonly mismatches: number
  readonly torn: readonly string[]
  /** Milliseconds for which a pair did not match. */
  readonly windows: Readonly<Record<string, number>>
}

function startReader(
  bases: readonly string[],
  least: number,
): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const argv = [join(import.meta.dirname, 'reader.cjs'), String(least), ...bases]
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill()
  })
  return child as ChildProcess & { stdout: NodeJS.ReadableStream }
}

/** While the work goes on, and `least` times at least. */
async function readDuring(bases: readonly string[], least: number, work: () => Promise<void>): Promise<Seen> {
  const child = startReader(bases, least)
  let text = ''
  const started = new Promise(resolve => child.stdout.once('data', resolve))
  child.stdout.on('data', chunk => {
    text += chunk
  })
  const ended = new Promise(resolve => child.once('close', resolve))
  await started
  await work()
  child.stdin?.end()
  await ended
  return JSON.parse(text.replace('reading\n', ''))
}

describe('a reader in another process', () => {
  it('never meets a missing or a half-written file, and in the end pairs alone', async () => {
    const root = copyNode('ecdsa')
    const named = pairsOf(root).filter(({ name }) => name.endsWith('.crt') && !name.endsWith('ca.crt'))
    const bases = named.map(({ name }) => join(root, name.replace(/\.crt$/, '')))
    const seen = await readDuring(bases, 1000 * bases.length, async () => {
      for (const args of [RENEW, ROLLBACK, RENEW, ROLLBACK, RENEW]) {
        expect(await kubepkiProcess(root, args)).toMatchObject({ exitCode: 0 })
      }
    })
    const widest = Math.max(0, ...Object.values(seen.windows))
    console.log(
      `${seen.reads} reads of ${bases.length} pairs: ${seen.mismatches} met old with new, for ${widest.toFixed(2)} ms at most`,
    )
    expect(seen.torn).toEqual([])
    expect(seen.reads).toBeGreaterThanOrEqual(1000 * bases.length)
    expect(troublesAtRest(root)).toEqual([])
  })

  it('has little time for it: key and certificate are renamed one right after the other', async () => {
    const calls = await callsOf(copyNode('ecdsa'), RENEW)
    const renames = calls.flatMap(({ name, path, time }, index) =>
      name === 'renameSync' && /\.kubepki-.*\.(key|crt)$/.test(path) ? [{ path, index, time }] : [],
    )
    expect(renames).toHaveLength(14)
    const windows = renames
      .filter(({ path }) => path.endsWith('.key'))
      .map(({ path, index, time }) => {
        expect(calls[index + 1]?.path).toBe(path.replace(/\.key$/, '.crt'))
        return (calls[index + 1]?.time ?? 0) - time
      })
    const shown = windows.map(window => window.toFixed(3)).join(', ')
    console.log(`between the renames of key and certificate, in ms: ${shown}`)
  })
})
