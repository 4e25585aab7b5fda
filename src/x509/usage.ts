/** What a certificate is good for (RFC 5280 sections 4.2.1.3, .9 and .12), from its extensions or those of a request. */
import {
  contentsOf,
  type Der,
  decodeInteger,
  decodeOid,
  elementsOf,
  onlyElement,
  TAG,
  tbsPartsOf,
} from './der.ts'
import { extensionParts } from './extension.ts'

/** In the order of their bits. */
export const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

export const EXT_KEY_USAGES: Readonly<Record<string, string>> = {
  '2.5.29.37.0': 'anyExtendedKeyUsage',
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
}

const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'
const EXT_KEY_USAGE = '2.5.29.37'

type Extensions = ReadonlyMap<string, Der>

/** Undefined: no such extension, the key may do anything. Empty: it cannot be read, and allows nothing. */
export function keyUsageIn(extensions: Extensions): readonly string[] | undefined {
  return readValue(extensions, KEY_USAGE, bits => {
    const bytes = contentsOf(bits).subarray(1)
    return KEY_USAGES.filter((_, index) => ((bytes[index >> 3] ?? 0) >> (7 - (index % 8))) & 1)
  })
}

/** Names, of unknown ones the object identifier; undefined and empty as of `keyUsageIn`. */
export function extKeyUsageIn(extensions: Extensions): readonly string[] | undefined {
  return readValue(extensions, EXT_KEY_USAGE, usages =>
    elementsOf(usages)
      .map(decodeOid)
      .map(oid => EXT_KEY_USAGES[oid] ?? oid),
  )
}

/** Whether basicConstraints say CA:TRUE. */
export function isCaIn(extensions: Extensions): boolean {
  const [answer] =
    readValue(extensions, BASIC_CONSTRAINTS, constraints => {
      const [first] = elementsOf(constraints)
      return [String(first?.[0] === TAG.boolean && first.at(-1) !== 0)]
    }) ?? []
  return answer === 'true'
}

/** How many CAs may stand between it and a leaf; undefined: any number. */
export function pathLenIn(extensions: Extensions): number | undefined {
  const [length] =
    readValue(extensions, BASIC_CONSTRAINTS, constraints => {
      const found = elementsOf(constraints).find(one => one[0] === TAG.integer)
      return found ? [String(decodeInteger(found))] : []
    }) ?? []
  return length === undefined ? undefined : Number(length)
}

export function keyUsageOf({ der }: { readonly der: Der }): readonly string[] | undefined {
  return keyUsageIn(tbsPartsOf(der).extensions)
}

function readValue(
  extensions: Extensions,
  oid: string,
  read: (value: Der) => readonly string[],
): readonly string[] | undefined {
  const extension = extensions.get(oid)
  if (!extension) return undefined
  try {
    const { value } = extensionParts(extension)
    return read(onlyElement(value[0] ?? 0, value))
  } catch {
    return []
  }
}
