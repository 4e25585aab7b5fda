/** What can be known to fail before the first byte is written. What it cannot know, staging finds out. */
import { accessSync, constants, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { PkiError } from '../errors.ts'
import { isThere, on } from './disk.ts'
import type { Store } from './state.ts'

export interface Intention {
  readonly path: string
  readonly realPath: string
  /** Bytes to be written beside it. */
  readonly size: number
}

/** Throws for the first thing in the way. `copies`: what goes to `directory` besides. */
export function preflight(
  intentions: readonly Intention[],
  backup?: { directory: string; size: number },
): void {
  for (const { path, realPath } of intentions) checkWritable(path, realPath)
  const needs = intentions.map(({ realPath, size }) => ({ directory: dirname(realPath), size }))
  checkSpace(backup ? [...needs, backup] : needs)
}

export function checkWritable(path: string, realPath: string): void {
  const directory = dirname(realPath)
  if (!on(path, () => isThere(directory))) {
    checkMakeable(path, directory)
    return
  }
  on(path, () => accessSync(directory, constants.W_OK | constants.X_OK))
  if (mountPoints().has(realPath)) {
    throw new PkiError('WRITE_FAILED', `cannot write ${path}: it is a mount point, and cannot be replaced`, {
      hint: 'mount its directory instead of the file, or run kubepki where the file really is',
    })
  }
  const code = isThere(realPath) ? whyNotWritable(realPath) : undefined
  if (code === 'EPERM') {
    throw new PkiError('WRITE_FAILED', `cannot write ${path}: it is immutable`, {
      hint: `lsattr ${realPath} shows it, chattr -i ends it`,
    })
  }
}

/** proc(5): the fifth field; a space in it is `\\040`. Empty where there is no such file. */
function mountPoints(): ReadonlySet<string> {
  try {
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    const unescaped = (text: string) =>
      text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
    return new Set(lines.map(line => unescaped(line.split(' ')[4] ?? '')))
  } catch {
    return new Set()
  }
}

/** For a dry run: whether the lock and the backup could be made. */
export function checkStore({ path, realPath }: Store): void {
  checkMakeable(path, realPath)
}

/** Its nearest parent that is there decides. */
function checkMakeable(path: string, missing: string): void {
  on(path, () => {
    let directory = missing
    while (!isThere(directory) && dirname(directory) !== directory) directory = dirname(directory)
    if (!statSync(directory).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    accessSync(directory, constants.W_OK | constants.X_OK)
  })
}

/** That the file itself may not be written (0400) is no obstacle: its name is what changes. */
function whyNotWritable(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

/** Directories, journal and manifest, on every file system. */
const RESERVE = 64 * 1024

function checkSpace(needs: readonly { directory: string; size: number }[]): void {
  const places = needs.filter(({ directory }) => isThere(directory))
  for (const [device, { directory }] of new Map(places.map(one => [statSync(one.directory).dev, one]))) {
    const here = places.filter(one => statSync(one.directory).dev === device)
    const { bsize, bfree, files, ffree } = statfsSync(directory)
    const needed = here.reduce((sum, { size }) => sum + Math.ceil(size / bsize) * bsize, RESERVE)
    const isFull = needed > bfree * bsize
    if (!isFull && (files === 0 || ffree > here.length)) continue
    const found = isFull ? `${needed} bytes wanted, ${bfree * bsize} free` : 'no inodes are free'
    throw new PkiError(
      'WRITE_FAILED',
      `cannot write to ${directory}: no space left on the device: ${found}`,
      {
        hint: 'free some space, then run it again',
      },
    )
  }
}
