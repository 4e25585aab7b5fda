/** Readers with a fault each, so that it is known that the fuzzer finds such: FUZZ_BROKEN is the name of one. */
import type { Target } from './targets.ts'

const sumOf = ({ user, system }: NodeJS.CpuUsage) => user + system

/** So long that to look at the time is nothing beside it. */
const busy = () => Array.from({ length: 100_000 }, (_, index) => index)

const forever = () => {
  for (;;);
}

const FAULTS: Readonly<Record<string, () => readonly string[]>> = {
  hang: forever,
  slow: () => {
    for (const start = process.cpuUsage(); sumOf(process.cpuUsage(start)) < 1_300_000; ) busy()
    return []
  },
  memory: () => [String(Buffer.alloc(400 * 1024 * 1024, 1).length)],
  heap: () => [String(Array.from({ length: 30 }, () => new Array(3e6).fill(1.5)).length)],
  exception: () => {
    throw new TypeError('cannot read properties of undefined')
  },
  message: () => ['steers \u001b[31m the terminal'],
  death: () => process.kill(process.pid, 'SIGKILL') && [],
}

export const BROKEN: readonly Target[] = Object.entries(FAULTS).map(([name, fault]) => ({
  ...{ name, corpus: 'requests', weight: 1 },
  run: fault,
}))
