/**
 * kill -9 at every call that changes the disk, and in the middle of those that take time; then the next command. The
 * calls that only read are left out: the disk is then as before the next that changes it.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Call, callsOf, copyTree, type Fault, kubepkiProcess, onCopies } from '../support/faults.ts'
import { kubepki } from '../support/host.ts'
import {
  changedBetween,
  type Files,
  filesOf,
  keptBy,
  troublesAtAnyTime,
  troublesAtRest,
} from '../support/judge.ts'
import { copyNode, tempDir } from '../support/node.ts'

/** Without RSA keys, which take longer than all the rest. */
const RENEW = ['certs', 'renew', 'all', '--encryption-algorithm', 'ECDSA-P256']
const ROLLBACK = ['certs', 'rollback']
const RECOVER = ['certs', 'recover']

interface Point extends Fault {
  readonly call: Call
}

/** A file half written, a directory half removed: more than before the call, and all else is between two calls. */
function pointsOf(calls: readonly Call[]): Point[] {
  return calls.map((call, index) => {
    const isLong = call.name === 'writeFileSync' || call.name === 'rmSync'
    return { call, at: index + 1, scope: 'changes', action: isLong ? 'half' : 'kill' }
  })
}

/** Before a job and after it, when nothing stops it. */
interface Sweep {
  readonly base: string
  readonly before: Files
  /** What the whole job changes. */
  readonly changed: readonly string[]
  /** What backups kept before. */
  readonly known: ReadonlySet<string>
}

async function sweepOf(base: string, args: readonly string[]): Promise<Sweep> {
  const root = await copyTree(base, join(tempDir(), 'tree'))
  const before = filesOf(root)
  expect(await kubepki(...args, '--root', root)).toMatchObject({ exitCode: 0 })
  expect(troublesAtRest(root)).toEqual([])
  const changed = changedBetween(before, filesOf(root))
  expect(changed).toHaveLength(17)
  return { base, before, changed, known: keptBy(base) }
}

/** The ways in which a user may go on, by turns. Every tenth time it is a process too. */
async function goOn(root: string, index: number): Promise<string[]> {
  if (index % 3 === 2) {
    const before = filesOf(root, true)
    const look = await kubepki('certs', 'rollback', '--dry-run', '--root', root)
    const isTouched = JSON.stringify([...before]) !== JSON.stringify([...filesOf(root, true)])
    const isHonest = look.exitCode === 1 || /warning: .* interrupted|nothing was changed/.test(look.stderr)
    if (isTouched || !isHonest)
      return [`a look, ${isTouched ? 'and it changed' : 'and it said'}: ${look.stderr}`]
  }
  const args = index % 3 === 1 ? [...RENEW, '--within', '1s'] : RECOVER
  const isProcess = index % 10 === 0
  const ended = await (isProcess ? kubepkiProcess(root, args) : kubepki(...args, '--root', root))
  return ended.exitCode === 0 ? [] : [`${args.join(' ')}: exit ${ended.exitCode}: ${ended.stderr}`]
}

/** All as before with no backup of it, or all new with one. */
function verdictOn(root: string, { before, changed, known }: Sweep): string[] {
  const now = changedBetween(before, filesOf(root))
  if (now.length === 0) {
    const isSame = [...keptBy(root)].every(hash => known.has(hash))
    return isSame ? [] : ['as before, but a backup of the undone job is left']
  }
  if (now.join() !== changed.join()) return [`a mix of old and new: ${now.join(', ')}`]
  const kept = keptBy(root)
  return changed.filter(path => !kept.has(before.get(path)?.slice(0, 64) ?? '')).map(path => `${path}: lost`)
}

/** Kills the job at each point; answers what was wrong, where, and how it ended. */
async function killEverywhere(sweep: Sweep, args: readonly string[], points: readonly Point[]) {
  const ends = await onCopies(sweep.base, points, async (root, { call, ...point }, index) => {
    const { signal, stderr } = await kubepkiProcess(root, args, { fault: point })
    const troubles = [
      ...(signal === 'SIGKILL' ? troublesAtAnyTime(root, sweep.before) : [`not killed: ${stderr}`]),
      ...(await goOn(root, index)),
      ...troublesAtRest(root),
      ...verdictOn(root, sweep),
    ]
    const isNew = changedBetween(sweep.before, filesOf(root)).length > 0
    const where = `${point.action} at ${point.thenKillAt ?? point.at}, ${call.name} ${call.path}`
    return { isNew, troubles: troubles.map(trouble => `${where}: ${trouble}`) }
  })
  return {
    points: points.length,
    completed: ends.filter(({ isNew }) => isNew).length,
    troubles: ends.flatMap(({ troubles }) => troubles),
  }
}

async function expectWhole(what: string, sweep: Sweep, job: { args: readonly string[]; points: Point[] }) {
  const { points, completed, troubles } = await killEverywhere(sweep, job.args, job.points)
  console.log(`${what}: killed at ${points} points: ${completed} completed, ${points - completed} undone`)
  expect(troubles).toEqual([])
  return { points, completed }
}

/** The number of the middle one of these calls. */
function middleOf(calls: readonly Call[], isIt: (call: Call) => boolean): number {
  const numbers = calls.flatMap((call, index) => (isIt(call) ? [index + 1] : []))
  return numbers[Math.floor(numbers.length / 2)] as number
}

const isReplacing = ({ name, path }: Call) => name === 'renameSync' && path.includes('/.kubepki-')
const isPreparing = ({ name, path }: Call) => name === 'linkSync' && !path.includes('backups')

async function renewedNode(): Promise<string> {
  const base = copyNode('ecdsa')
  expect(await kubepki(...RENEW, '--root', base)).toMatchObject({ exitCode: 0 })
  return base
}

describe('kill -9', () => {
  it('at every call of renew all', async () => {
    const sweep = await sweepOf(copyNode('ecdsa'), RENEW)
    const points = pointsOf(await callsOf(sweep.base, RENEW))
    const counted = await expectWhole('renew all', sweep, { args: RENEW, points })
    expect(counted.points).toBeGreaterThanOrEqual(200)
    expect(counted.completed).toBeGreaterThan(20)
  })

  it('at every call of rollback', async () => {
    const sweep = await sweepOf(await renewedNode(), ROLLBACK)
    const points = pointsOf(await callsOf(sweep.base, ROLLBACK))
    const counted = await expectWhole('rollback', sweep, { args: ROLLBACK, points })
    expect(counted.points).toBeGreaterThanOrEqual(200)
  })

  it('at every call that puts back what a failed job had done', async () => {
    const sweep = await sweepOf(await renewedNode(), ROLLBACK)
    const at = middleOf(await callsOf(sweep.base, ROLLBACK), isReplacing)
    const failing = { at, action: 'EIO', scope: 'changes' } as const
    const calls = await callsOf(sweep.base, ROLLBACK, failing)
    const points = calls.slice(at).map((call, index) => ({ ...failing, call, thenKillAt: at + index + 1 }))
    await expectWhole('putting back', sweep, { args: ROLLBACK, points })
    expect(points.length).toBeGreaterThan(20)
  })

  it.each([
    { when: 'while it prepares', isIt: isPreparing, more: {} },
    { when: 'while it renames', isIt: isReplacing, more: {} },
    { when: 'while it is put back', isIt: isReplacing, more: { action: 'EIO', thenKillAt: 6 } },
  ])('at every call of the recovery of a job killed $when', async ({ when, isIt, more }) => {
    const sweep = await sweepOf(copyNode('ecdsa'), RENEW)
    const at = middleOf(await callsOf(sweep.base, RENEW), isIt)
    const { thenKillAt = 0, action = 'kill' } = more as { thenKillAt?: number; action?: string }
    const fault = { at, action, scope: 'changes', thenKillAt: at + thenKillAt } as const
    expect(await kubepkiProcess(sweep.base, RENEW, { fault })).toMatchObject({ signal: 'SIGKILL' })
    const points = pointsOf(await callsOf(sweep.base, RECOVER))
    await expectWhole(`recovery after a kill ${when}`, sweep, { args: RECOVER, points })
    expect(points.length).toBeGreaterThan(20)
  })
})
