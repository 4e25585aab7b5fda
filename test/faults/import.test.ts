/** An import killed, or failing, at every call that changes the disk: all waits as before, or all is installed, and no key is lost. */
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { answersIn, answerTo, K, waitingNode } from '../support/answers.ts'
import { callsOf, copyTree, kubepkiProcess, loadFaults, onCopies } from '../support/faults.ts'
import { kubepki, type Outcome } from '../support/host.ts'
import { changedBetween, type Files, filesOf, troublesAtAnyTime, troublesAtRest } from '../support/judge.ts'
import { conf } from '../support/made.ts'
import { tempDir } from '../support/node.ts'
import { pointsOf, type Sweep, sweepOf, verdictOn } from '../support/sweep.ts'

/** One of each kind, in directories of their own. */
const NAMES = ['admin.conf', 'etcd-peer']
/** A kubeconfig and a pair; of each the request and the key that waits with it; requests.json and the sheet. */
const CHANGED = 3 + 2 * NAMES.length + 2
const CSR = `${K}/pki/csr`
const RECOVER = ['certs', 'recover']
const ROLLBACK = ['certs', 'rollback']
const LOCK = `${K}/kubepki-backups/lock`

const faults = loadFaults()
let IMPORT: readonly string[]
let sweep: Sweep
/** Row -> the key that waits. */
let keys: ReadonlyMap<string, string>

beforeAll(async () => {
  const node = await waitingNode('ecdsa', NAMES)
  const answers = NAMES.map(name => [`${name}.pem`, answerTo(node, name)] as const)
  IMPORT = ['certs', 'import', answersIn(Object.fromEntries(answers))]
  keys = new Map(NAMES.map(name => [name, readFileSync(join(node.root, CSR, `${name}.key`), 'utf8')]))
  sweep = await sweepOf(node.root, IMPORT, CHANGED)
}, 60_000)

/** The key that is in use for a row. */
function keyInPlace(root: string, name: string): string | undefined {
  if (name === 'admin.conf') return conf(root, 'admin').key
  return readFileSync(join(root, K, 'pki', `${name.replace('-', '/')}.key`), 'utf8')
}

function waits(root: string, name: string): boolean {
  const file = join(root, CSR, `${name}.key`)
  return existsSync(file) && readFileSync(file, 'utf8') === keys.get(name)
}

/** Each key waits, or is in its place; at no time is there none, and nobody else may read one. */
function keyTroubles(root: string): string[] {
  const lost = NAMES.filter(name => !waits(root, name) && keyInPlace(root, name) !== keys.get(name))
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  const open = names.filter(name => {
    const stat = lstatSync(join(root, name))
    const isOpen = stat.isFile() && (stat.mode & 0o077) !== 0
    return isOpen && /PRIVATE KEY|client-key-data/.test(readFileSync(join(root, name), 'utf8'))
  })
  return [...lost.map(name => `${name}: its key is lost`), ...open.map(name => `${name}: open to others`)]
}

/** All wait with their keys, or none. */
function halfTroubles(root: string): string[] {
  const isNew = isInstalled(root)
  const wrong = NAMES.filter(
    name => waits(root, name) === isNew || (keyInPlace(root, name) === keys.get(name)) !== isNew,
  )
  return wrong.map(name => `${name}: ${isNew ? 'still waits' : 'waits no more'}`)
}

/** A file, or all of them. */
function isInstalled(root: string): boolean {
  return changedBetween(sweep.before, filesOf(root)).some(path => sweep.changed.includes(path))
}

/** What is there but what waits: that goes away when it is done. */
const lasting = (files: Files) => new Map([...files].filter(([path]) => !path.startsWith(`${CSR}/`)))

/** A command that must succeed. */
async function troublesOf(root: string, args: readonly string[]): Promise<string[]> {
  const { exitCode, stderr } = await kubepki(...args, '--root', root)
  return exitCode === 0 ? [] : [`${args.join(' ')}: exit ${exitCode}: ${stderr}`]
}

function wholeTroubles(root: string): string[] {
  return [...troublesAtRest(root), ...verdictOn(root, sweep), ...keyTroubles(root), ...halfTroubles(root)]
}

/** What is installed can be taken back, byte for byte. */
async function rollbackTroubles(root: string): Promise<string[]> {
  const found = await troublesOf(root, ROLLBACK)
  const changed = changedBetween(sweep.before, filesOf(root))
  return [
    ...found,
    ...changed.map(path => `${path}: not as before, after a rollback`),
    ...troublesAtRest(root),
    ...keyTroubles(root),
  ]
}

/** The user tries again, or only clears up. */
async function goOn(root: string, isAgain: boolean): Promise<string[]> {
  const found = [...(await troublesOf(root, isAgain ? IMPORT : RECOVER)), ...wholeTroubles(root)]
  return isAgain && !isInstalled(root) ? [...found, 'again, and nothing is installed'] : found
}

/** What a call that fails may end in: not one byte is changed, or all is done. */
async function troublesAfterFailure(root: string, { exitCode, stderr }: Outcome): Promise<string[]> {
  // That of this very process, which goes on living.
  rmSync(join(root, LOCK), { force: true })
  const plain = /^\s+at |BEGIN|PRIVATE|undefined/m.test(stderr) ? ['not a plain message'] : []
  if (isInstalled(root))
    return [
      ...plain,
      ...(exitCode === 0 ? [] : [`all is done, and exit ${exitCode}`]),
      ...halfTroubles(root),
      ...keyTroubles(root),
      ...(await troublesOf(root, RECOVER)),
      ...wholeTroubles(root),
    ]
  const changed = changedBetween(sweep.before, filesOf(root))
  return [
    ...plain,
    ...(exitCode === 1 && stderr.includes('nothing was changed')
      ? []
      : [`exit ${exitCode}, nothing is done`]),
    ...changed.map(path => `${path}: not as before`),
    ...verdictOn(root, sweep),
  ]
}

describe('certs import', () => {
  it('killed at every call, now and then by SIGTERM', async () => {
    const points = pointsOf(await callsOf(sweep.base, IMPORT))
    let completed = 0
    const troubles = await onCopies(sweep.base, points, async (root, { call, ...point }, index) => {
      const action = index % 10 === 5 ? 'SIGTERM' : point.action
      const { signal, stderr } = await kubepkiProcess(root, IMPORT, { fault: { ...point, action } })
      const expected = action === 'SIGTERM' ? action : 'SIGKILL'
      if (isInstalled(root)) completed += 1
      const found = [
        ...(signal === expected ? [] : [`not killed: ${stderr}`]),
        ...troublesAtAnyTime(root, lasting(sweep.before)),
        ...keyTroubles(root),
        ...(await goOn(root, index % 2 === 0)),
        ...(isInstalled(root) && index % 3 === 0 ? await rollbackTroubles(root) : []),
      ]
      return found.map(trouble => `${action} at ${point.at}, ${call.name} ${call.path}: ${trouble}`)
    })
    console.log(`certs import: killed at ${points.length} calls, ${completed} times after the first change`)
    expect(troubles.flat()).toEqual([])
    expect(points.length).toBeGreaterThanOrEqual(100)
    expect(completed).toBeGreaterThan(20)
  })

  it.each(['ENOSPC', 'EIO'])('%s at every call: as before, or all of it', async code => {
    const calls = await callsOf(sweep.base, IMPORT)
    const directory = tempDir()
    const troubles: string[] = []
    let refused = 0
    for (const [index, { name, path }] of calls.entries()) {
      const root = await copyTree(sweep.base, join(directory, String(index)))
      faults.arm({ at: index + 1, action: code, scope: 'changes', root })
      const outcome = await kubepki(...IMPORT, '--root', root)
      faults.disarm()
      if (!isInstalled(root)) refused += 1
      const found = await troublesAfterFailure(root, outcome)
      troubles.push(
        ...found.map(one => `${code} at ${index + 1}, ${name} ${path}: ${one}: ${outcome.stderr}`),
      )
      rmSync(root, { recursive: true })
    }
    console.log(`${code} at ${calls.length} calls: ${refused} times as before, the others done`)
    expect(troubles).toEqual([])
    expect(refused).toBeGreaterThan(50)
    expect(calls.length - refused).toBeGreaterThan(10)
  })
})
