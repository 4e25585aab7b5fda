/** The attributes of a Name (RFC 5280 section 4.1.2.4), for comparing what two encodings say. */
import { contentsOf, type Der, decodeOid, elementsOf, issuerOf, tbsPartsOf } from './der.ts'

export interface NameAttribute {
  /** Dotted object identifier. */
  readonly type: string
  readonly value: string
}

export const COMMON_NAME = '2.5.4.3'
export const ORGANIZATION = '2.5.4.10'

const BMP_STRING = 0x1e

export interface CertificateNames {
  readonly subject: readonly NameAttribute[]
  readonly issuer: readonly NameAttribute[]
}

/** What cannot be read has no attributes. */
export function namesOf({ der }: { readonly der: Der }): CertificateNames {
  return {
    subject: readableAttributesOf(tbsPartsOf(der).subject),
    issuer: readableAttributesOf(issuerOf(der)),
  }
}

function readableAttributesOf(name: Der): readonly NameAttribute[] {
  try {
    return attributesOf(name)
  } catch {
    return []
  }
}

/** In the order they stand in. Throws RangeError when it is no Name. */
export function attributesOf(name: Der): readonly NameAttribute[] {
  return elementsOf(name).flatMap(relative => elementsOf(relative).map(decodeAttribute))
}

function decodeAttribute(attribute: Der): NameAttribute {
  const [type, value] = elementsOf(attribute)
  if (!type || !value) throw new RangeError('not a Name')
  return { type: decodeOid(type), value: decodeString(value) }
}

/** PrintableString, UTF8String and the rest that are bytes of text; BMPString has two bytes a character, and as in Go a NUL at its end is none of it. */
function decodeString(value: Der): string {
  const contents = Buffer.from(contentsOf(value))
  return value[0] === BMP_STRING && contents.length % 2 === 0
    ? contents.swap16().toString('utf16le').replace(/\0$/, '')
    : contents.toString('utf8')
}
