/** Numbers that a seed decides: the same input again, whenever and wherever. */

export interface Random {
  /** From 0 up to, and without, `limit`. */
  readonly below: (limit: number) => number
  readonly pick: <T>(from: readonly T[]) => T
  readonly isOneIn: (chances: number) => boolean
  readonly bytes: (length: number) => Buffer
}

/** mulberry32, started with a hash (FNV-1a) of the seed. */
export function randomFrom(seed: string): Random {
  let state = 0x811c9dc5
  for (const character of seed) state = Math.imul(state ^ (character.codePointAt(0) as number), 0x01000193)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    pick: from => from[below(from.length)] as (typeof from)[number],
    isOneIn: chances => below(chances) === 0,
    bytes: length => Buffer.from(Array.from({ length }, () => below(256))),
  }
}
