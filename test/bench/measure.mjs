// One run of a command, timed, and what the machine is.
import { spawnSync } from 'node:child_process'
import { accessSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'

export function exists(path) {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}

/** Wall time in milliseconds and peak memory in MiB, as GNU time tells them. */
export function measure([command, ...args], report) {
  const timed = exists('/usr/bin/time')
    ? ['/usr/bin/time', '-f', '%M', '-o', report, command, ...args]
    : [command, ...args]
  const started = process.hrtime.bigint()
  const { status, stderr } = spawnSync(timed[0], timed.slice(1), { encoding: 'utf8' })
  const wall = Number(process.hrtime.bigint() - started) / 1e6
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} exits with ${status}: ${stderr}`)
  const memory = exists(report)
    ? Number(readFileSync(report, 'utf8').trim().split('\n').at(-1)) / 1024
    : Number.NaN
  return { wall, memory }
}

export const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]

export const machine = () => `${cpus().length} x ${cpus()[0].model}, Linux, Node.js ${process.version}`
