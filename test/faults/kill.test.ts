/**
 * kill -9 at every call that changes the disk, and in the middle of those that take time; then the next command. The
 * calls that only read are left out: the disk is then as before the next that changes it.
 */
import { describe, expect, it } from 'vitest'
import { type Call, callsOf, kubepkiProcess, onCopies } from '../support/faults.ts'
import { kubepki } from '../support/host.ts'
import { changedBetween, filesOf, troublesAtAnyTime, troublesAtRest } from '../support/judge.ts'
import { copyNode } from '../support/node.ts'
import { type Point, pointsOf, type Sweep, sweepOf, verdictOn } from '../support/sweep.ts'

/** Without RSA keys, which take longer than all the rest. */
const RENEW = ['certs', 'renew', 'all', '--encryption-algorithm', 'ECDSA-P256']
const ROLLBACK = ['certs', 'rollback']
const RECOVER = ['certs', 'recover']
/** Files of a renewal of all. */
const CHANGED = 17

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
    const sweep = await sweepOf(copyNode('ecdsa'), RENEW, CHANGED)
    const points = pointsOf(await callsOf(sweep.base, RENEW))
    const counted = await expectWhole('renew all', sweep, { args: RENEW, points })
    expect(counted.points).toBeGreaterThanOrEqual(200)
    expect(counted.completed).toBeGreaterThan(20)
  })

  it('at every call of rollback', async () => {
    const sweep = await sweepOf(await renewedNode(), ROLLBACK, CHANGED)
    const points = pointsOf(await callsOf(sweep.base, ROLLBACK))
    const counted = await expectWhole('rollback', sweep, { args: ROLLBACK, points })
    expect(counted.points).toBeGreaterThanOrEqual(200)
  })

  it('at every call that puts back what a failed job had done', async () => {
    const sweep = await sweepOf(await renewedNode(), ROLLBACK, CHANGED)
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
    const sweep = await sweepOf(copyNode('ecdsa'), RENEW, CHANGED)
    const at = middleOf(await callsOf(sweep.base, RENEW), isIt)
    const { thenKillAt = 0, action = 'kill' } = more as { thenKillAt?: number; action?: string }
    const fault = { at, action, scope: 'changes', thenKillAt: at + thenKillAt } as const
    expect(await kubepkiProcess(sweep.base, RENEW, { fault })).toMatchObject({ signal: 'SIGKILL' })
    const points = pointsOf(await callsOf(sweep.base, RECOVER))
    await expectWhole(`recovery after a kill ${when}`, sweep, { args: RECOVER, points })
    expect(points.length).toBeGreaterThan(20)
  })
})
