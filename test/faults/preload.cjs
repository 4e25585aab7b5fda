/**
 * Stands between kubepki and node:fs: counts the calls that touch one tree and, at the chosen one, kills the process
 * (SIGKILL) or fails the call as the kernel would. A child loads it with `node --require` and FAULT in its environment;
 * a test may load it in its own process. What only reads and what changes the disk can be counted apart: a kill before
 * a call that reads leaves the disk as a kill before the next that changes it.
 */
'use strict'
const childProcess = require('node:child_process')
const fs = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const { join } = require('node:path')

const CHANGING = new Set(
  [
    'chmodSync',
    'chownSync',
    'fchmodSync',
    'fchownSync',
    'fsyncSync',
    'linkSync',
    'mkdirSync',
    'renameSync',
  ].concat(['rmdirSync', 'rmSync', 'unlinkSync', 'writeFileSync', 'writeSync', 'spawnSync']),
)
const READING = [
  'accessSync',
  'closeSync',
  'fstatSync',
  'lstatSync',
  'openSync',
  'readdirSync',
  'readFileSync',
].concat(['readlinkSync', 'readSync', 'statfsSync', 'statSync'])

const raw = { ...fs, spawnSync: childProcess.spawnSync, realpathNative: fs.realpathSync.native }
const syscallOf = name => name.replace(/Sync$/, '').replace(/^(read|write)File$/, '$1')

/** @type {{ root: string, at: number, action?: string, scope?: string, isLasting?: boolean, thenKillAt?: number, report?: string } | undefined} */
let order
let calls = []
let depth = 0
const descriptors = new Map()

function pathIn(args) {
  const named = args.flat().map(one => (typeof one === 'number' ? descriptors.get(one) : one))
  return named.find(one => typeof one === 'string' && one.startsWith(order.root))
}

function isChange(name, args) {
  return name === 'openSync'
    ? !['r', undefined].includes(args[1]) && typeof args[1] === 'string'
    : CHANGING.has(name)
}

function wrap(holder, name) {
  const original = holder[name]
  const wrapped = (...args) => {
    const path = order && depth === 0 ? pathIn(args) : undefined
    if (path === undefined) return original(...args)
    depth += 1
    try {
      return step({ name, path, args, call: () => original(...args) })
    } finally {
      depth -= 1
    }
  }
  holder[name] = Object.assign(wrapped, original)
}

function step({ name, path, args, call }) {
  const change = isChange(name, args)
  if (order.scope === 'changes' && !change) return remember(name, path, args, call())
  calls.push({ name, path, isChange: change, time: performance.now() })
  const isNow = calls.length === order.at || (order.isLasting && order.at > 0 && calls.length > order.at)
  if (calls.length === order.thenKillAt) die()
  if (!isNow) return remember(name, path, args, call())
  if (order.action === 'kill') die()
  if (order.action === 'SIGTERM') {
    process.kill(process.pid, 'SIGTERM')
    return remember(name, path, args, call())
  }
  halfOf(name, args)
  if (order.action === 'half') die()
  return fail(name, path, args)
}

function remember(name, path, args, result) {
  if (name === 'openSync') descriptors.set(result, path)
  if (name === 'closeSync') descriptors.delete(args[0])
  return result
}

/** What a write or a removal has done when it is interrupted. */
function halfOf(name, [target, data]) {
  if (name === 'writeFileSync')
    raw.writeSync(target, Buffer.from(data).subarray(0, Math.floor(data.length / 2)))
  if (name === 'rmSync') {
    const files = raw
      .readdirSync(target, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
    for (const file of files.slice(0, files.length / 2)) raw.unlinkSync(join(file.path, file.name))
  }
}

function fail(name, path, args) {
  const code = order.action
  const syscall = syscallOf(name)
  const error = Object.assign(new Error(`${code}: made to fail, ${syscall} '${path}'`), {
    code,
    syscall,
    path,
    errno: -1,
  })
  if (name === 'spawnSync') return { status: null, signal: null, error, stdout: '', stderr: '' }
  // A descriptor is gone whatever close says.
  if (name === 'closeSync') remember(name, path, args, raw.closeSync(args[0]))
  throw error
}

function die() {
  process.kill(process.pid, 'SIGKILL')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

for (const name of [...CHANGING, ...READING]) if (name in fs) wrap(fs, name)
wrap(fs.realpathSync, 'native')
wrap(childProcess, 'spawnSync')
syncBuiltinESMExports()

/** `at: 0` only counts. */
function arm(wanted) {
  order = wanted
  calls = []
  descriptors.clear()
}

/** Answers with the calls seen. */
function disarm() {
  order = undefined
  return calls
}

if (process.env.FAULT) {
  arm(JSON.parse(process.env.FAULT))
  const { report } = order
  if (report) process.on('exit', () => raw.writeFileSync(report, JSON.stringify(disarm())))
}

module.exports = { arm, disarm }
