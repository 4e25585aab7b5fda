/** Paths confined to a root: links are followed as inside a chroot, and none leads out. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { isAbsolute, join, normalize, resolve, sep } from 'node:path'
import type { Reason } from '../errors.ts'

export type Resolved =
  | { readonly realPath: string }
  /** The last component does not exist; its directory may. */
  | { readonly missing: string }
  | { readonly reason: Reason; readonly found?: string }

const MOST_LINKS = 40

/** The real path of `path` (absolute, below `root`). Absolute link targets start at `root`; `..` above it is refused. */
export function resolveInside(root: string, path: string): Resolved {
  const base = resolve(root)
  if (isBelow(base, path) && isFreeOfLinks(path)) return { realPath: path }
  let pending = relativeParts(base, path)
  let current: string[] = []
  let links = 0
  while (pending.length > 0) {
    const [part, ...rest] = pending as [string, ...string[]]
    if (part === '..') {
      if (current.length === 0)
        return base === sep ? step(base, rest) : { reason: 'OUTSIDE_ROOT', found: path }
      current = current.slice(0, -1)
      pending = rest
      continue
    }
    const here = join(base, ...current, part)
    const entry = inspect(here)
    if (entry === 'missing')
      return links > 0 ? { reason: 'DANGLING_LINK', found: here } : { missing: join(here, ...rest) }
    if (typeof entry !== 'string') return entry
    if (entry === 'other') {
      current = [...current, part]
      pending = rest
      continue
    }
    links += 1
    if (links > MOST_LINKS) return { reason: 'DANGLING_LINK', found: 'it points to itself' }
    const target = readlinkSync(here)
    current = isAbsolute(target) ? [] : current
    pending = [...normalize(target).split(sep).filter(isPart), ...rest]
  }
  return { realPath: join(base, ...current) }
}

/** The common case, in one call: every component is what it seems. */
function isFreeOfLinks(path: string): boolean {
  try {
    return realpathSync.native(path) === path
  } catch {
    return false
  }
}

function step(base: string, rest: string[]): Resolved {
  return resolveInside(base, join(base, ...rest))
}

function relativeParts(base: string, path: string): string[] {
  const absolute = resolve(path)
  return (isBelow(base, absolute) ? absolute.slice(base === sep ? 0 : base.length) : absolute)
    .split(sep)
    .filter(isPart)
}

function isPart(part: string): boolean {
  return part !== '' && part !== '.'
}

export function isBelow(directory: string, path: string): boolean {
  const base = resolve(directory)
  return path === base || path.startsWith(base === sep ? sep : base + sep)
}

function inspect(path: string): 'link' | 'other' | 'missing' | { reason: Reason; found: string } {
  try {
    return lstatSync(path).isSymbolicLink() ? 'link' : 'other'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing'
    return { reason: code === 'EACCES' || code === 'EPERM' ? 'PERMISSION_DENIED' : 'IO_ERROR', found: path }
  }
}
