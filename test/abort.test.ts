import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { firstToAbort } from '../src/abort.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

it('comes when the time is up, whatever was collected meanwhile', async () => {
  const signal = firstToAbort([new AbortController().signal, AbortSignal.timeout(3_000)])
  for (let round = 0; round < 5; round += 1) {
    collect()
    await sleep(10)
  }
  expect(signal.aborted).toBe(false)
  await expect.poll(() => signal.aborted, { timeout: 20_000 }).toBe(true)
})

it('is the first of them, with its reason, and what is aborted already', () => {
  const [one, other] = [new AbortController(), new AbortController()]
  const signal = firstToAbort([undefined, one.signal, other.signal])
  expect(signal.aborted).toBe(false)
  other.abort('over')
  one.abort('late')
  expect([signal.aborted, signal.reason]).toEqual([true, 'over'])
  expect(firstToAbort([AbortSignal.abort('before')]).reason).toBe('before')
})
