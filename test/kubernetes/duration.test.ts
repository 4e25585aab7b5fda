import { describe, expect, it } from 'vitest'
import { humanDuration, parseDuration, parseGoDuration } from '../../src/kubernetes/duration.ts'

const [S, M, H, D] = [1, 60, 3600, 86_400]

/** kubeadm ≥ 1.31, on and beside every boundary of its HumanDuration. */
const HUMAN = [
  [-2, '<invalid>'],
  [-1, '0s'],
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [121, '2m1s'],
  [10 * M - 1, '9m59s'],
  [10 * M, '10m'],
  [10 * M + 59, '10m'],
  [3 * H - 1, '179m'],
  [3 * H, '3h'],
  [3 * H + 61, '3h1m'],
  [8 * H - 1, '7h59m'],
  [8 * H, '8h'],
  [48 * H - 1, '47h'],
  [48 * H, '2d'],
  [49 * H, '2d1h'],
  [192 * H - 1, '7d23h'],
  [192 * H, '8d'],
  [364 * D + 23 * H, '364d'],
  [500 * D, '500d'],
  [2 * 365 * D - 1, '729d'],
  [2 * 365 * D, '2y'],
  [3 * 365 * D - 1, '2y364d'],
  [8 * 365 * D - 1, '7y364d'],
  [8 * 365 * D, '8y'],
  [10 * 365 * D - S, '9y'],
] as const

describe('humanDuration', () => {
  it.each(HUMAN)('%i s is %s', (seconds, text) => expect(humanDuration(seconds)).toBe(text))
})

const HOUR = 3_600_000

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['720h', 720 * HOUR],
    ['30d', 720 * HOUR],
    ['1y', 8760 * HOUR],
    ['1h30m', 1.5 * HOUR],
    ['8760h0m0s', 8760 * HOUR],
    ['1.5h', 1.5 * HOUR],
    ['0s', 0],
  ])('%s', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds))

  it.each(['', '30', 'd', '-1h', '1 h', '1w', '1hx', 'x1h', 'soon'])('refuses "%s"', text => {
    expect(parseDuration(text)).toBeUndefined()
  })
})

describe('parseGoDuration', () => {
  it.each([
    ['8760h', 8760 * HOUR],
    ['8760h0m0s', 8760 * HOUR],
    ['1h30m', 1.5 * HOUR],
    ['1.5h', 1.5 * HOUR],
    ['.5h', 0.5 * HOUR],
    ['1.h', HOUR],
    ['1m1ms', 60_001],
    ['90s', 90_000],
    ['1500us', 1.5],
    ['1500\u00b5s', 1.5],
    ['1500\u03bcs', 1.5],
    ['2000000ns', 2],
    ['+1h', HOUR],
    ['-1h', -HOUR],
    ['0', 0],
    ['-0', 0],
    ['0s', 0],
    ['2562047h47m16s', 2562047 * HOUR + 2_836_000],
  ])('%s', (text, milliseconds) =>
    expect(Math.abs((parseGoDuration(text) ?? Number.NaN) - milliseconds)).toBeLessThan(1e-6),
  )

  it.each([
    ...['', '30', '1d', '5d', '1y', '1w', '1d12h', 'h', '.h', '1h 30m', ' 1h', '1h ', '--1h', '1h-1m'],
    ...['1h30', '1H', '1,5h', '1e3h', '2562048h', '0x1h', '1h\n', 'soon', '1'.repeat(100_000)],
  ])('refuses %j', text => expect(parseGoDuration(text)).toBeUndefined())
})
