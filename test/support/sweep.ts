/** A job that is stopped at each of its calls in turn, and what is left of it. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Call, copyTree, type Fault } from './faults.ts'
import { kubepki } from './host.ts'
import { changedBetween, type Files, filesOf, keptBy, troublesAtRest } from './judge.ts'
import { tempDir } from './node.ts'

export interface Point extends Fault {
  readonly call: Call
  readonly action: string
}

/** A file half written, a directory half removed: more than before the call, and all else is between two calls. */
export function pointsOf(calls: readonly Call[]): Point[] {
  return calls.map((call, index) => {
    const isLong = call.name === 'writeFileSync' || call.name === 'rmSync'
    return { call, at: index + 1, scope: 'changes', action: isLong ? 'half' : 'kill' }
  })
}

/** Before a job and after it, when nothing stops it. */
export interface Sweep {
  readonly base: string
  readonly before: Files
  /** What the whole job changes. */
  readonly changed: readonly string[]
  /** What backups kept before. */
  readonly known: ReadonlySet<string>
}

export async function sweepOf(base: string, args: readonly string[], changes: number): Promise<Sweep> {
  const root = await copyTree(base, join(tempDir(), 'tree'))
  const before = filesOf(root)
  expect(await kubepki(...args, '--root', root)).toMatchObject({ exitCode: 0 })
  expect(troublesAtRest(root)).toEqual([])
  const changed = changedBetween(before, filesOf(root))
  expect(changed).toHaveLength(changes)
  return { base, before, changed, known: keptBy(base) }
}

/** All as before with no backup of it, or all new with one. */
export function verdictOn(root: string, { before, changed, known }: Sweep): string[] {
  const now = changedBetween(before, filesOf(root))
  if (now.length === 0) {
    const isSame = [...keptBy(root)].every(hash => known.has(hash))
    return isSame ? [] : ['as before, but a backup of the undone job is left']
  }
  if (now.join() !== changed.join()) return [`a mix of old and new: ${now.join(', ')}`]
  const kept = keptBy(root)
  return changed.filter(path => !kept.has(before.get(path)?.slice(0, 64) ?? '')).map(path => `${path}: lost`)
}
