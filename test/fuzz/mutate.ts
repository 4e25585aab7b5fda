/** An input of a target: decided by the seed, the target's name and a number. */
import { BYTE_MUTATIONS, LARGEST, type Mutate } from './bytes.ts'
import { mutateDer } from './der.ts'
import { type Random, randomFrom } from './random.ts'
import { PEM_MUTATIONS, YAML_MUTATIONS } from './text.ts'

const DER_MUTATIONS: readonly Mutate[] = Array.from({ length: 4 }, () => mutateDer)

function mutationFor(bytes: Buffer, random: Random): Mutate {
  const own =
    bytes[0] === 0x30 ? DER_MUTATIONS : bytes.includes('-----BEGIN') ? PEM_MUTATIONS : YAML_MUTATIONS
  return random.pick(random.isOneIn(4) ? BYTE_MUTATIONS : own)
}

/** Most have one or two mutations, some up to five: of more nothing comes through. */
export function mutate(corpus: readonly Buffer[], name: string): Buffer {
  const random = randomFrom(name)
  let bytes = random.pick(corpus)
  for (let left = random.pick([1, 1, 1, 2, 2, 3, 5]); left > 0; left -= 1)
    if (bytes.length > 0)
      bytes = mutationFor(bytes, random)(bytes, { random, donor: random.pick(corpus) }).subarray(0, LARGEST)
  return bytes
}
