/** Paths confined to a directory: links are followed as inside a chroot, and none leads out. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import type { Unusable } from '../errors.ts'

export type Resolved =
  | { readonly state: 'present'; readonly realPath: string }
  /** `realPath` is where it would be, links on the way followed. */
  | { readonly state: 'missing'; readonly realPath: string }
  | ({ readonly state: 'invalid' } & Unusable)

const MOST_LINKS = 40

/** Where `path` leads, component by component from `base`. Absolute link targets start at `base`; `..` above it is refused. */
export function resolveInside(base: string, path: string): Resolved {
  const parts = partsOf(path)
  const plain = join(base, path)
  return !parts.includes('..') && isFreeOfLinks(plain)
    ? { state: 'present', realPath: plain }
    : walk(base, parts)
}

/** The common case, in one call: every component is what it seems. */
function isFreeOfLinks(path: string): boolean {
  try {
    return realpathSync.native(path) === path
  } catch {
    return false
  }
}

function walk(base: string, parts: readonly string[]): Resolved {
  let current: string[] = []
  let pending = parts
  let links = 0
  let isLinkItself = false
  while (pending.length > 0) {
    const [part, ...rest] = pending as [string, ...string[]]
    if (part === '..') {
      if (current.length === 0 && base !== sep) return { state: 'invalid', reason: 'OUTSIDE_ROOT' }
      current = current.slice(0, -1)
      pending = rest
      continue
    }
    const here = join(base, ...current, part)
    const found = inspect(here)
    if (typeof found !== 'string') return { state: 'invalid', ...found }
    if (found === 'missing') {
      if (isLinkItself) return { state: 'invalid', reason: 'DANGLING_LINK' }
      return { state: 'missing', realPath: join(here, ...rest) }
    }
    if (found === 'other') {
      current = [...current, part]
      pending = rest
      continue
    }
    links += 1
    if (links > MOST_LINKS) return { state: 'invalid', reason: 'DANGLING_LINK', found: 'it leads to itself' }
    isLinkItself ||= rest.length === 0
    const target = readlinkSync(here)
    if (isAbsolute(target)) current = []
    pending = [...partsOf(target), ...rest]
  }
  const realPath = join(base, ...current)
  return { state: parts.length === 0 && inspect(base) === 'missing' ? 'missing' : 'present', realPath }
}

function partsOf(path: string): string[] {
  return path.split(sep).filter(part => part !== '' && part !== '.')
}

export function isBelow(directory: string, path: string): boolean {
  const base = resolve(directory)
  return path === base || path.startsWith(base === sep ? sep : base + sep)
}

/** What `path` is below `directory`, which holds it. */
export function pathBelow(directory: string, path: string): string {
  const base = resolve(directory)
  return base === sep ? path : path.slice(base.length)
}

function inspect(path: string): 'link' | 'other' | 'missing' | Unusable {
  try {
    return lstatSync(path).isSymbolicLink() ? 'link' : 'other'
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing'
    if (code === 'EACCES' || code === 'EPERM') return { reason: 'PERMISSION_DENIED' }
    return { reason: 'IO_ERROR', found: code }
  }
}
