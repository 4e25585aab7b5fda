/** A short run of the fuzzer, and that it finds what it looks for. The long one: `npm run fuzz`. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runToEnd } from '../support/process.ts'

const RUN = [process.execPath, join(import.meta.dirname, 'run.mjs')] as const

it('nothing is found in 2000 inputs', async () => {
  const { stdout, stderr, exitCode } = await runToEnd(RUN, { env: { ...process.env, FUZZ_RUNS: '2000' } })
  expect(`${stdout}${stderr}`).toMatch(/^seed \S+: 2\d{3} inputs, 0 findings, /)
  expect(exitCode).toBe(0)
})

it.each([
  ['hang', 'hang: nothing for'],
  ['slow', 'slow: 1'],
  ['memory', 'memory: '],
  ['heap', 'death: SIGABRT'],
  ['exception', 'exception: TypeError: cannot read'],
  ['message', 'message: unprintable: '],
  ['death', 'death: SIGKILL'],
])('a reader with a fault is found out: %s', async (fault, found) => {
  const env = {
    ...process.env,
    FUZZ_BROKEN: fault,
    FUZZ_RUNS: '1',
    FUZZ_SILENCE: fault === 'hang' ? '2500' : '10000',
  }
  const { stdout, exitCode } = await runToEnd(RUN, { env })
  expect(stdout).toContain(`${fault}: ${found}`)
  expect(stdout).toMatch(/^ {2}input: \S+$/m)
  expect(exitCode).toBe(1)
})
