/** An Extension (RFC 5280 section 4.1): which, whether critical, and its value. Nothing else may stand in it, for readers differ in what they take then. */
import { contentsOf, type Der, decodeOid, elementsOf, onlyElement, TAG } from './der.ts'

export interface ExtensionParts {
  /** Dotted. */
  readonly oid: string
  readonly isCritical: boolean
  /** What is inside the OCTET STRING. */
  readonly value: Der
}

const TRUE = 0xff
const FALSE = 0x00

/** Object identifier, perhaps a BOOLEAN, and one OCTET STRING: RangeError for anything else. */
export function extensionParts(extension: Der): ExtensionParts {
  const [oid, ...rest] = elementsOf(onlyElement(TAG.sequence, extension))
  const [critical] = rest
  const hasFlag = critical?.[0] === TAG.boolean
  const isCritical = hasFlag && flagOf(critical)
  const [value, ...surplus] = hasFlag ? rest.slice(1) : rest
  if (oid?.[0] !== TAG.oid || value?.[0] !== TAG.octetString || surplus.length > 0)
    throw new RangeError('not OID, BOOLEAN and one OCTET STRING')
  return { oid: decodeOid(oid), isCritical, value: contentsOf(value) }
}

function flagOf(element: Der): boolean {
  const [flag, ...surplus] = contentsOf(element)
  if (surplus.length > 0 || (flag !== TRUE && flag !== FALSE))
    throw new RangeError('critical neither in DER nor not')
  return flag === TRUE
}

/** Of all that are read here: usages, names, constraints and key identifiers. Each holds one element. */
const KNOWN = new Set([14, 15, 17, 19, 30, 35, 37].map(last => `2.5.29.${last}`))

/** In words, what makes it none that can be relied on. */
export function extensionFlaw(extension: Der): string | undefined {
  try {
    const { oid, value } = extensionParts(extension)
    if (KNOWN.has(oid)) onlyElement(value[0] ?? 0, value)
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}
