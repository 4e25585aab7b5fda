/** kubepki as real processes whose calls to the file system are counted, cut short or made to fail. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { NOW } from './host.ts'
import { tempDir } from './node.ts'
import { type Ended, runToEnd } from './process.ts'

export type { Ended }

export const BUNDLE = join(import.meta.dirname, '../../dist/kubepki.cjs')
export const PRELOAD = join(import.meta.dirname, '../faults/preload.cjs')

export interface Call {
  readonly name: string
  readonly path: string
  readonly isChange: boolean
  /** Milliseconds after the start of the process. */
  readonly time: number
}

export interface Fault {
  /** The how many-th call; 0 only counts. */
  readonly at: number
  /** `kill` before the call, `half` in the middle of it, `SIGTERM` to the process as it goes on, or the code it fails with. */
  readonly action?: string
  /** `changes`: calls that change the disk or make it last, and no others, are counted. */
  readonly scope?: 'changes' | 'all'
  /** All calls from there on fail. */
  readonly isLasting?: boolean
  /** A later call, before which the process is killed. */
  readonly thenKillAt?: number
}

interface Preload {
  readonly arm: (order: Fault & { readonly root: string }) => void
  readonly disarm: () => readonly Call[]
}

/** The same faults in this process. Loading it wraps node:fs, so only the test that wants it does. */
export function loadFaults(): Preload {
  return createRequire(import.meta.url)(PRELOAD) as Preload
}

export interface Start {
  readonly fault?: Fault & { readonly report?: string }
  /** What to run before Node: `setpriv ...`, `strace ...`. */
  readonly before?: readonly string[]
}

export function kubepkiProcess(
  root: string,
  args: readonly string[],
  { fault, before = [] }: Start = {},
): Promise<Ended> {
  const faults = fault ? ['--require', PRELOAD] : []
  const argv = [...before, process.execPath, ...faults, BUNDLE, ...args, '--root', root]
  const FAULT = fault ? JSON.stringify({ ...fault, root }) : ''
  return execute([...argv, '--now', NOW.toISOString()], { ...process.env, FAULT })
}

export function execute(command: readonly string[], env = process.env): Promise<Ended> {
  return runToEnd(command, { env })
}

/** What a command does to the disk, call by call, on a copy of the tree; also one that fails. */
export async function callsOf(
  base: string,
  args: readonly string[],
  fault: Partial<Fault> = {},
): Promise<Call[]> {
  const root = await copyTree(base, join(tempDir(), 'tree'))
  const report = join(tempDir(), 'calls.json')
  const ended = await kubepkiProcess(root, args, { fault: { at: 0, scope: 'changes', ...fault, report } })
  const isAsMeant = (ended.exitCode === 0) === (fault.at === undefined)
  if (!isAsMeant) throw new Error(ended.stderr)
  return JSON.parse(readFileSync(report, 'utf8'))
}

/** With all that `cp -a` keeps: hard links, owners, times. */
export async function copyTree(base: string, root: string): Promise<string> {
  const { exitCode, stderr } = await execute(['cp', '-a', '--', base, root])
  if (exitCode !== 0) throw new Error(stderr)
  return root
}

/** On a copy of its own each, a few at once; what the work answers, in order. */
export async function onCopies<T, R>(
  base: string,
  items: readonly T[],
  work: (root: string, item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const directory = tempDir()
  const results: R[] = []
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) {
      const root = await copyTree(base, join(directory, String(index)))
      results[index] = await work(root, item, index)
      rmSync(root, { recursive: true, force: true })
    }
  }
  await Promise.all([worker(), worker(), worker()])
  return results
}

/** Whether a tool is here and may be used; why not is printed, and the test is skipped. */
export function canRun(what: string, ...command: readonly string[]): boolean {
  const [name = '', ...args] = command
  const { status } = spawnSync(name, args, { stdio: 'ignore' })
  if (status !== 0) console.log(`skipped: ${what}: it needs ${command.join(' ')} to work here`)
  return status === 0
}
