/** A node made from nothing, killed or failing at every call that changes the disk: nothing of it is there, or all of it. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Call, callsOf, copyTree, kubepkiProcess, loadFaults, onCopies } from '../support/faults.ts'
import { kubepki } from '../support/host.ts'
import { changedBetween, filesOf, pairsOf, troublesAtRest } from '../support/judge.ts'
import { tempDir } from '../support/node.ts'

const FACTS = ['--node-name', 'cp-1', '--apiserver-advertise-address', '192.0.2.10']
const ALGORITHM = ['--encryption-algorithm', 'ECDSA-P256']
const INIT = ['init', 'phase', 'certs', 'all', ...FACTS, ...ALGORITHM]
const RECOVER = ['certs', 'recover']
const FILES = 22

const faults = loadFaults()

/** A root with a directory of somebody else's in it, and no /etc. */
function emptyNode(): string {
  const root = tempDir()
  mkdirSync(join(root, 'var'))
  return root
}

/** Files of the PKI; with the backups' for `all`. */
const filesIn = (root: string) => [...filesOf(root)].filter(([, what]) => !what.startsWith('directory'))
const pkiOf = (root: string) => filesIn(root).filter(([path]) => !path.includes('kubepki-backups'))

/** What is left of a job that was killed, after the next command. */
async function troublesAfterKill(root: string, index: number): Promise<string[]> {
  const isAgain = index % 2 === 0
  // Before the first directory there is no place that could hold anything to recover.
  const isPlaceThere = existsSync(join(root, 'etc/kubernetes'))
  const args = isAgain || !isPlaceThere ? INIT : RECOVER
  const ended = await kubepki(...args, '--root', root)
  const found = pkiOf(root)
  const isWhole = found.length === FILES || (args === RECOVER && found.length === 0)
  return [
    ...(ended.exitCode === 0 ? [] : [`${args.join(' ')}: exit ${ended.exitCode}: ${ended.stderr}`]),
    ...(isWhole ? [] : [`a part is there: ${found.map(([path]) => path)}`]),
    ...(found.length === 0 ? [] : troublesAtRest(root)),
  ]
}

const isLong = ({ name }: Call) => name === 'writeFileSync'

describe('init phase certs all', () => {
  it('killed at every call', async () => {
    const base = emptyNode()
    const calls = await callsOf(base, INIT)
    const points = calls.map((call, index) => ({ call, at: index + 1 }))
    const troubles = await onCopies(base, points, async (root, { call, at }, index) => {
      const fault = { at, scope: 'changes', action: isLong(call) ? 'half' : 'kill' } as const
      const { signal, stderr } = await kubepkiProcess(root, INIT, { fault })
      const found = signal === 'SIGKILL' ? await troublesAfterKill(root, index) : [`not killed: ${stderr}`]
      return found.map(trouble => `${at}, ${call.name} ${call.path}: ${trouble}`)
    })
    console.log(
      `init phase certs all: killed at ${points.length} calls: nothing or all of it after the next command`,
    )
    expect(troubles.flat()).toEqual([])
    expect(points.length).toBeGreaterThanOrEqual(150)
  })

  it.each(['ENOSPC', 'EIO'])('%s at every call: nothing is left behind, not even a directory', async code => {
    const base = emptyNode()
    const before = filesOf(base)
    const calls = await callsOf(base, INIT)
    const tidying = calls.findIndex(({ name, path }) => name === 'unlinkSync' && path.includes('/.kubepki-'))
    const directory = tempDir()
    const troubles: string[] = []
    let made = 0
    for (const [index, { name, path }] of calls.entries()) {
      const root = await copyTree(base, join(directory, String(index)))
      faults.arm({ at: index + 1, action: code, scope: 'changes', root })
      const { exitCode, stderr } = await kubepki(...INIT, '--root', root)
      faults.disarm()
      const changed = changedBetween(before, filesOf(root))
      const isNothing = changed.length === 0 && filesOf(root).size === before.size
      if (exitCode === 0) made += 1
      const isWhole = exitCode === 0 && pkiOf(root).length === FILES && pairsOf(root).length === 10
      const isGood = isWhole ? index >= tidying || name === 'unlinkSync' : exitCode === 1 && isNothing
      if (!isGood)
        troubles.push(`${code} at ${index + 1}, ${name} ${path}: exit ${exitCode}: ${changed}: ${stderr}`)
    }
    console.log(`${code} at ${calls.length} calls: ${calls.length - made} times nothing, ${made} times all`)
    expect(troubles).toEqual([])
    expect(calls.length - made).toBeGreaterThan(100)
  })
})
