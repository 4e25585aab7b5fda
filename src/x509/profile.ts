/** What a certificate is to be, and its parts as DER, in the order and the form that Go gives them (RFC 5280 section 4). */
import { type Der, encodeElement } from './der.ts'
import { SUBJECT_ALT_NAME, type SubjectAltName, subjectAltNameExtension } from './subject-alt-name.ts'

export type ExtKeyUsage = 'serverAuth' | 'clientAuth'

export interface CertificateProfile {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly isCa: boolean
  /** Not critical; a CA has none. */
  readonly extKeyUsage: readonly ExtKeyUsage[]
  readonly subjectAltName: readonly SubjectAltName[]
}

const TAG = { bitString: 0x03, octetString: 0x04, oid: 0x06, utf8: 0x0c, printable: 0x13 } as const
const SEQUENCE = 0x30
const SET = 0x31
const TRUE = Uint8Array.of(0x01, 0x01, 0xff)

const COMMON_NAME = [0x55, 0x04, 0x03]
const ORGANIZATION = [0x55, 0x04, 0x0a]

const sequence = (...parts: readonly Uint8Array[]) => encodeElement(SEQUENCE, ...parts)
const oid = (...bytes: readonly number[]) => encodeElement(TAG.oid, Uint8Array.from(bytes))

/** Organizations, all in one relative distinguished name, before the common name. */
export function subjectOf({ commonName, organizations }: CertificateProfile): Der {
  const names = organizations.length === 0 ? [] : [relativeName(ORGANIZATION, organizations)]
  return sequence(...names, relativeName(COMMON_NAME, [commonName]))
}

/** A SET OF has its elements in the order of their bytes (X.690 section 11.6). */
export function relativeName(type: readonly number[], values: readonly string[]): Der {
  const attributes = values.map(value => sequence(oid(...type), directoryString(value)))
  return encodeElement(SET, ...attributes.toSorted(Buffer.compare))
}

/** PrintableString where every character allows it. */
function directoryString(text: string): Der {
  const isPrintable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)
  return encodeElement(isPrintable ? TAG.printable : TAG.utf8, Buffer.from(text, 'utf8'))
}

const EXT_KEY_USAGES: Readonly<Record<ExtKeyUsage, number>> = { serverAuth: 1, clientAuth: 2 }
const ID_KP = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03]

/** Bits digitalSignature and keyEncipherment, of a CA keyCertSign too; before them the number of unused bits. */
const KEY_USAGE = { leaf: [0x05, 0xa0], ca: [0x02, 0xa4] } as const

/** Stands for a key identifier, which is known when the certificate is signed. */
const AT_SIGNING: Der = new Uint8Array()

/** Object identifier -> Extension. */
export function extensionsOf(profile: CertificateProfile): ReadonlyMap<string, Der> {
  const { isCa, extKeyUsage, subjectAltName } = profile
  const keyUsage = encodeElement(TAG.bitString, Uint8Array.from(KEY_USAGE[isCa ? 'ca' : 'leaf']))
  const purposes = extKeyUsage.map(usage => oid(...ID_KP, EXT_KEY_USAGES[usage]))
  return new Map<string, Der>([
    ['2.5.29.15', extension(0x0f, keyUsage, { isCritical: true })],
    ...(purposes.length > 0 ? [['2.5.29.37', extension(0x25, sequence(...purposes))] as const] : []),
    ['2.5.29.19', extension(0x13, isCa ? sequence(TRUE) : sequence(), { isCritical: true })],
    [isCa ? '2.5.29.14' : '2.5.29.35', AT_SIGNING],
    ...(subjectAltName.length > 0
      ? [[SUBJECT_ALT_NAME, subjectAltNameExtension(subjectAltName)] as const]
      : []),
  ])
}

/** `id`: the last byte of an object identifier below 2.5.29. */
function extension(id: number, value: Der, { isCritical = false } = {}): Der {
  const critical = isCritical ? [TRUE] : []
  return sequence(oid(0x55, 0x1d, id), ...critical, encodeElement(TAG.octetString, value))
}
