/**
 * Each call to the file system fails in turn: all is as before, or all is new. In this process, not one for each of
 * thousands of runs, but for those that leave a lock: its process must be gone.
 */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Call, copyTree, type Ended, type Fault, kubepkiProcess, loadFaults } from '../support/faults.ts'
import { kubepki } from '../support/host.ts'
import { changedBetween, type Files, filesOf, troublesAtRest } from '../support/judge.ts'
import { copyNode, tempDir } from '../support/node.ts'

/** Without RSA keys, which take longer than all the rest. */
const EC = ['--encryption-algorithm', 'ECDSA-P256']
const ALL = ['certs', 'renew', 'all', ...EC]
/** One of each kind and directory: every line of code that `all` runs, in a quarter of the time. */
const SOME = ['certs', 'renew', 'apiserver', 'admin.conf', 'etcd-peer', ...EC]
const LOCK = 'etc/kubernetes/kubepki-backups/lock'

type Outcome = Pick<Ended, 'stdout' | 'stderr' | 'exitCode'>

const faults = loadFaults()

/** An error that escapes would be a stack trace. */
async function run(root: string, args: readonly string[], fault: Fault) {
  faults.arm({ ...fault, root })
  const outcome = await kubepki(...args, '--root', root).catch((error: Error) => {
    return { stdout: '', stderr: `escaped: ${error.stack}`, exitCode: 1 }
  })
  return { outcome, calls: faults.disarm() }
}

/** What a job is at when it makes a call. */
type Stage = 'locking' | 'reading' | 'changing' | 'tidying'

/** The stage of each call of a job that nothing stops. */
function stagesOf(calls: readonly Call[]): Stage[] {
  const first = (isIt: (call: Call) => boolean) => calls.findIndex(isIt)
  const reading = first(({ path }) => path.includes('/manifests'))
  const changing = first(({ path }) => /kubepki-backups\/\d{8}T\d{6}Z\.new$/.test(path))
  const tidying = first(({ name, path }) => name === 'unlinkSync' && path.includes('/.kubepki-'))
  if (Math.min(reading, changing, tidying) < 0) throw new Error('a stage of the job is not found')
  return calls.map((_, index) => {
    if (index >= tidying) return 'tidying'
    return index >= changing ? 'changing' : index >= reading ? 'reading' : 'locking'
  })
}

const isPlain = ({ stderr }: Outcome) =>
  !/^\s+at |escaped|BEGIN|PRIVATE|undefined/m.test(stderr) &&
  stderr.split('\n').every(line => line.length < 2000)

interface Tried {
  readonly root: string
  readonly stage: Stage
  readonly call: Call
  readonly outcome: Outcome
  readonly isUntouched: boolean
}

/** What a single failure may end in. */
async function troublesOf({ root, stage, call, outcome, isUntouched }: Tried): Promise<string[]> {
  const { exitCode, stderr } = outcome
  if (!isPlain(outcome)) return ['not a plain message']
  const isRefused = exitCode === 1 && isUntouched && stderr.includes(root)
  if (isRefused && (!call.isChange || stderr.includes('nothing was changed'))) return []
  if (!mayGoOn(stage, call)) return [isUntouched ? 'says too little' : 'not as before']
  if (exitCode !== 0 && stage !== 'reading' && !isUntouched) return ['done, and exit code 1']
  if (mustWarn(stage, call) && !/warning: all files are changed, but/.test(stderr)) return ['no warning']
  const next = await kubepki('certs', 'recover', '--root', root)
  return next.exitCode === 0 ? troublesAtRest(root) : [`the next command: ${next.stderr}`]
}

/** A draft of the lock that stays is swept away in the same run. */
function mayGoOn(stage: Stage, { name, path, isChange }: Call): boolean {
  return (
    !isChange || stage === 'tidying' || name === 'spawnSync' || (name === 'unlinkSync' && /lock\./.test(path))
  )
}

/** The lock is that of a dead process soon, and the directory of the backups is in use. */
function mustWarn(stage: Stage, { path, isChange }: Call): boolean {
  return stage === 'tidying' && isChange && !/kubepki-backups(\/lock)?$/.test(path)
}

/** A tree that is made anew once something happened to it. */
async function makeTrees() {
  const base = copyNode('ecdsa')
  const directory = tempDir()
  let count = 0
  return async () => {
    count += 1
    const root = await copyTree(base, join(directory, String(count)))
    return { root, before: filesOf(root, true) }
  }
}

interface Sweep {
  readonly args: readonly string[]
  readonly code: string
  readonly isMeant: (call: Call, index: number) => boolean
}

async function sweep({ args, code, isMeant }: Sweep) {
  const fresh = await makeTrees()
  const { calls } = await run((await fresh()).root, args, { at: 0 })
  const stages = stagesOf(calls)
  const points = [...calls.entries()].filter(([index, call]) => isMeant(call, index))
  const troubles: string[] = []
  let refused = 0
  let tree = await fresh()
  for (const [index, call] of points) {
    const fault = { at: index + 1, action: code }
    let { outcome }: { outcome: Outcome } = await run(tree.root, args, fault)
    if (existsSync(join(tree.root, LOCK))) {
      tree = await fresh()
      outcome = await kubepkiProcess(tree.root, args, { fault })
    }
    const isUntouched = JSON.stringify([...filesOf(tree.root, true)]) === JSON.stringify([...tree.before])
    if (isUntouched) refused += 1
    const stage = stages[index] as Stage
    const found = await troublesOf({ root: tree.root, stage, call, outcome, isUntouched })
    const where = `${code} at ${index + 1} (${stage}), ${call.name} ${call.path}`
    troubles.push(...found.map(one => `${where}: ${one}: exit ${outcome.exitCode}: ${outcome.stderr}`))
    if (!isUntouched) tree = await fresh()
  }
  return { points: points.length, refused, troubles }
}

async function expectNoTrouble(what: string, order: Sweep): Promise<void> {
  const { points, refused, troubles } = await sweep(order)
  console.log(
    `${order.code} at ${points} ${what}: ${refused} times as before, ${points - refused} times done`,
  )
  expect(troubles).toEqual([])
  expect(refused).toBeGreaterThanOrEqual(50)
  expect(points - refused).toBeGreaterThanOrEqual(10)
}

describe('one call fails: as before, or all new', () => {
  it('ENOSPC, at every call of renew all that changes the disk', () =>
    expectNoTrouble('changing calls', { args: ALL, code: 'ENOSPC', isMeant: ({ isChange }) => isChange }))

  it.each(['EACCES', 'EIO', 'EROFS'])('%s, at every call of a renewal that changes the disk', code =>
    expectNoTrouble('changing calls', { args: SOME, code, isMeant: ({ isChange }) => isChange }),
  )

  it.each([
    ['EACCES', 0],
    ['EIO', 1],
  ])('%s, at every other call of a renewal that reads', (code, turn) => {
    const isMeant = ({ isChange }: Call, index: number) => !isChange && index % 2 === turn
    return expectNoTrouble('reading calls', { args: SOME, code, isMeant })
  })
})

/** From this call on: what it says must be true, and the next command must make the tree whole. */
async function troublesLasting(root: string, before: Files, at: number, changed: number): Promise<string[]> {
  const { outcome } = await run(root, SOME, { at, action: 'EIO', scope: 'changes', isLasting: true })
  const meanwhile = changedBetween(before, filesOf(root, true))
  // That of this very process, which goes on living.
  rmSync(join(root, LOCK), { force: true })
  const next = await kubepki('certs', 'recover', '--root', root)
  const now = changedBetween(before, filesOf(root, true)).length
  const isOpen = outcome.stderr.includes('putting everything back failed too')
  const isFalse = outcome.stderr.includes('nothing was changed') && meanwhile.length > 0
  const isExpected = isOpen ? now === 0 || now === changed : now === (outcome.exitCode === 0 ? changed : 0)
  return [
    ...(isPlain(outcome) ? [] : ['not a plain message']),
    ...(isFalse ? [`it says that nothing was changed: ${meanwhile}`] : []),
    ...(next.exitCode === 0 ? [] : [`the next command: ${next.stderr}`]),
    ...(isExpected ? [] : [`exit ${outcome.exitCode}, and ${now} files are new`]),
    ...troublesAtRest(root),
  ].map(trouble => `${trouble}: ${outcome.stderr}`)
}

describe('a disk that goes on failing', () => {
  it('leaves what the next command makes whole', async () => {
    const fresh = await makeTrees()
    const first = await fresh()
    const { calls } = await run(first.root, SOME, { at: 0, scope: 'changes' })
    const changed = changedBetween(first.before, filesOf(first.root, true)).length
    const troubles: string[] = []
    for (const [index, { name, path }] of calls.entries()) {
      const { root, before } = await fresh()
      const found = await troublesLasting(root, before, index + 1, changed)
      troubles.push(...found.map(trouble => `from ${index + 1} on, ${name} ${path}: ${trouble}`))
    }
    console.log(`EIO from each of ${calls.length} changing calls on: whole after the next command`)
    expect(troubles).toEqual([])
  })
})
