/** keyUsage and extKeyUsage (RFC 5280 sections 4.2.1.3 and .12) as whole Extensions, in the form that Go gives them. */
import { type Der, encodeElement, TAG } from './der.ts'
import { KEY_USAGES } from './usage.ts'

export type KeyUsageName = (typeof KEY_USAGES)[number]

const TRUE = Uint8Array.of(TAG.boolean, 0x01, 0xff)

/** Critical. Without any usage there is no such extension. */
export function keyUsageExtension(usages: readonly KeyUsageName[]): Der {
  return extension(0x0f, namedBits(usages.map(usage => KEY_USAGES.indexOf(usage))), TRUE)
}

/** Dotted object identifiers, in the order they are to stand in. */
export function extKeyUsageExtension(oids: readonly string[]): Der {
  return extension(0x25, encodeElement(TAG.sequence, ...oids.map(encodeOid)))
}

/** Critical, CA:FALSE. */
export function leafConstraints(): Der {
  return extension(0x13, encodeElement(TAG.sequence), TRUE)
}

/** `id`: the last byte of an object identifier below 2.5.29. */
function extension(id: number, value: Der, ...critical: readonly Uint8Array[]): Der {
  const oid = encodeElement(TAG.oid, Uint8Array.of(0x55, 0x1d, id))
  return encodeElement(TAG.sequence, oid, ...critical, encodeElement(TAG.octetString, value))
}

/** A named bit list ends with its last bit that is set (X.690 section 11.2.2). */
function namedBits(positions: readonly number[]): Der {
  const last = Math.max(...positions)
  const bytes = new Uint8Array((last >> 3) + 1)
  for (const position of positions)
    bytes[position >> 3] = (bytes[position >> 3] ?? 0) | (0x80 >> (position % 8))
  return encodeElement(TAG.bitString, Uint8Array.of(7 - (last % 8)), bytes)
}

function encodeOid(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return encodeElement(TAG.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

function base128(arc: number): number[] {
  const bytes = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    bytes.unshift(0x80 | (rest % 128))
  return bytes
}
