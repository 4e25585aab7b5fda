/** How certificates point to the key of their CA (RFC 5280 sections 4.2.1.1 and .2). A hint alone: a signature proves. */
import type { Certificate } from './certificate.ts'
import { contentsOf, type Der, elementsOf, TAG, tbsPartsOf } from './der.ts'
import { extensionParts } from './extension.ts'

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
const KEY_IDENTIFIER = 0x80
const CERT_SERIAL_NUMBER = 0x82

/** Lower-case hexadecimal; undefined: none, or it cannot be read. */
export function subjectKeyIdOf(certificate: Certificate): string | undefined {
  return read(certificate, SUBJECT_KEY_IDENTIFIER, value =>
    value[0] === TAG.octetString ? contentsOf(value) : undefined,
  )
}

/** The keyIdentifier field, as of `subjectKeyIdOf`. */
export function authorityKeyIdOf(certificate: Certificate): string | undefined {
  return read(certificate, AUTHORITY_KEY_IDENTIFIER, value => {
    const field = elementsOf(value).find(one => one[0] === KEY_IDENTIFIER)
    return field && contentsOf(field)
  })
}

/** The authorityCertSerialNumber field, upper-case hexadecimal as a serialNumber: names one certificate, not its key. */
export function authoritySerialNumberOf(certificate: Certificate): string | undefined {
  return read(certificate, AUTHORITY_KEY_IDENTIFIER, value => {
    const field = elementsOf(value).find(one => one[0] === CERT_SERIAL_NUMBER)
    return field && contentsOf(field)
  })
    ?.toUpperCase()
    .replace(/^00(?=.)/, '')
}

function read(
  { der }: Certificate,
  oid: string,
  decode: (value: Der) => Der | undefined,
): string | undefined {
  try {
    const extension = tbsPartsOf(der).extensions.get(oid)
    const bytes = extension && decode(extensionParts(extension).value)
    return bytes && Buffer.from(bytes).toString('hex')
  } catch {
    return undefined
  }
}
