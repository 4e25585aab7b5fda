/** Mutations of bytes that know nothing of what they mean. */
import type { Random } from './random.ts'

export interface Mutation {
  readonly random: Random
  /** Another seed of the same corpus, to splice with. */
  readonly donor: Buffer
}

export type Mutate = (bytes: Buffer, mutation: Mutation) => Buffer

/** No reader is given more: files are at most 1 MiB. */
export const LARGEST = 1024 * 1024

interface Slice {
  readonly start: number
  readonly end: number
}

function sliceOf(bytes: Buffer, random: Random): Slice {
  const start = random.below(bytes.length + 1)
  return {
    start,
    end: Math.min(bytes.length, start + 1 + random.below(random.pick([4, 64, bytes.length + 1]))),
  }
}

function replaced(bytes: Buffer, { start, end }: Slice, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([bytes.subarray(0, start), ...parts, bytes.subarray(end)])
}

const INTERESTING = [
  0, 1, 0x0a, 0x0d, 0x1b, 0x20, 0x22, 0x2d, 0x30, 0x7f, 0x80, 0x84, 0x88, 0xa0, 0xc3, 0xed, 0xff,
]

export const truncate: Mutate = (bytes, { random }) => {
  const at = random.below(bytes.length + 1)
  return random.isOneIn(4) ? bytes.subarray(at) : bytes.subarray(0, at)
}

const flip: Mutate = (bytes, { random }) => {
  const copy = Buffer.from(bytes)
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    const at = random.below(copy.length)
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
  }
  return copy
}

const overwrite: Mutate = (bytes, { random }) => {
  const copy = Buffer.from(bytes)
  for (let left = 1 + random.below(8); left > 0; left -= 1)
    copy[random.below(copy.length)] = random.isOneIn(2) ? random.below(256) : random.pick(INTERESTING)
  return copy
}

const insert: Mutate = (bytes, { random }) => {
  const at = random.below(bytes.length + 1)
  return replaced(bytes, { start: at, end: at }, random.bytes(1 + random.below(16)))
}

const remove: Mutate = (bytes, { random }) => replaced(bytes, sliceOf(bytes, random))

const splice: Mutate = (bytes, { random, donor }) => {
  const { start, end } = sliceOf(donor, random)
  return replaced(bytes, sliceOf(bytes, random), donor.subarray(start, end))
}

const join: Mutate = (bytes, { donor }) => Buffer.concat([bytes, donor])

/** A slice again and again: rarely as often as a file can hold. */
const repeat: Mutate = (bytes, { random }) => {
  const { start, end } = sliceOf(bytes, random)
  const length = Math.max(1, end - start)
  const room = Math.max(0, Math.floor((LARGEST - bytes.length) / length))
  const times = Math.min(room, random.pick([2, 3, 10, 100, random.isOneIn(8) ? LARGEST : 1000]))
  const slice = bytes.subarray(start, end)
  return replaced(bytes, { start: end, end }, Buffer.alloc(slice.length * times, slice))
}

export const BYTE_MUTATIONS: readonly Mutate[] = [
  truncate,
  flip,
  overwrite,
  insert,
  remove,
  splice,
  join,
  repeat,
]
