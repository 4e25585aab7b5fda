/**
 * The form of a PKCS#10 request: what Go's crypto/x509, and so the API server, refuses of it though OpenSSL reads it; and
 * what it passes over, or reads otherwise than OpenSSL. Both in words.
 */
import { isUtf8 } from 'node:buffer'
import type { CertificateRequest } from './certificate-request.ts'
import { contentsOf, type Der, elementsOf, TAG } from './der.ts'
import { extensionParts } from './extension.ts'
import { asksInMicrosoftsAttribute } from './extension-requests.ts'

/** Why Go reads nothing of it. */
export function formFlaw(request: CertificateRequest): string | undefined {
  return unlessBroken(() => flawOf(request))
}

/** Where two readers see two requests. */
export function disputedPart(request: CertificateRequest): string | undefined {
  return unlessBroken(() => disputeOf(request))
}

/** Not all that is inside was looked at when the request was read. */
function unlessBroken(look: () => string | undefined): string | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof RangeError) return `DER that cannot be read inside it: ${error.message}`
    throw error
  }
}

function flawOf(request: CertificateRequest): string | undefined {
  if (!request.hasAttributes) return 'no attributes, not even an empty list of them'
  if ([request.der, ...valuesIn(request)].some(one => hasLooseLength(one)))
    return 'a length in more bytes than it needs, which is no DER'
  if (!isName(request.subject)) return 'a subject that is no list of sets of attributes'
  const text = textsIn(request.subject).find(one => !isLegal(one))
  if (text) return `a value in its subject that is no ${STRINGS[text[0] as number]?.name}`
  return request.subjectAltNames.some(({ der }) => isText(der) && !isAscii(contentsOf(der)))
    ? 'an alternative name that is no ASCII'
    : undefined
}

function disputeOf(request: CertificateRequest): string | undefined {
  if (asksInMicrosoftsAttribute(request.der))
    return "it asks for extensions in Microsoft's attribute, which Kubernetes does not read"
  const attributes = elementsOf(request.subject).flatMap(elementsOf)
  if (attributes.some(one => elementsOf(one).length > 2))
    return 'an attribute of its subject has more than a type and a value'
  if (textsIn(request.subject).some(isDisputed))
    return 'a value in its subject is of a type that Kubernetes passes over, or not in UTF-8'
  return request.subjectAltNames.some(({ type, der }) => type === 'other' && isLikeName(der))
    ? 'an alternative name is nearly a DNS name, an address, an e-mail or a URI'
    : undefined
}

function valuesIn({ extensions }: CertificateRequest): Der[] {
  return [...extensions.values()].map(extensionParts).flatMap(({ oid, value }) =>
    // Of the others nobody knows what is in them.
    oid.startsWith('2.5.29.') ? value : [],
  )
}

const CONSTRUCTED = 0x20

/** Of a request there is no need to go deeper. */
const DEEPEST = 50

function hasLooseLength(element: Der, depth = 0): boolean {
  if (depth > DEEPEST) throw new RangeError(`nested more than ${DEEPEST} levels deep`)
  const [tag = 0, first = 0, second = 0] = element
  const isLong = first === 0x81 ? second < 0x80 : first > 0x81 && second === 0
  if (isLong || (tag & CONSTRUCTED) === 0) return isLong
  return elementsOf(element).some(one => hasLooseLength(one, depth + 1))
}

function isName(subject: Der): boolean {
  return elementsOf(subject).every(
    set =>
      set[0] === TAG.set &&
      elementsOf(set).every(one => one[0] === TAG.sequence && elementsOf(one)[0]?.[0] === TAG.oid),
  )
}

function textsIn(subject: Der): Der[] {
  return elementsOf(subject).flatMap(set => elementsOf(set).flatMap(one => elementsOf(one)[1] ?? []))
}

interface StringType {
  readonly name: string
  readonly takes: (contents: Der) => boolean
}

const matching = (pattern: RegExp) => (contents: Der) =>
  pattern.test(Buffer.from(contents).toString('latin1'))

/** By tag, those that Go reads as text. */
const STRINGS: Readonly<Record<number, StringType>> = {
  12: { name: 'UTF8String', takes: isUtf8 },
  18: { name: 'NumericString', takes: matching(/^[0-9 ]*$/) },
  19: { name: 'PrintableString', takes: matching(/^[A-Za-z0-9 '()+,\-./:=?*&]*$/) },
  20: { name: 'T61String', takes: () => true },
  22: { name: 'IA5String', takes: isAscii },
  30: { name: 'BMPString', takes: ({ length }) => length % 2 === 0 },
}
const T61_STRING = 20
const BMP_STRING = 30

function isLegal(value: Der): boolean {
  return STRINGS[value[0] as number]?.takes(contentsOf(value)) ?? true
}

function isDisputed(value: Der): boolean {
  const [tag = 0] = value
  const contents = contentsOf(value)
  if (tag === T61_STRING) return !isUtf8(contents)
  if (tag === BMP_STRING) return !isLegal(value) || /\p{Cs}/u.test(utf16Of(contents))
  return !Object.hasOwn(STRINGS, tag)
}

function utf16Of(contents: Der): string {
  return Buffer.from(contents).swap16().toString('utf16le')
}

const [EMAIL, DNS, URI, IP] = [1, 2, 6, 7]
const CONTEXT = 0x80

function isText([tag = 0]: Der): boolean {
  return [EMAIL, DNS, URI].some(number => tag === (CONTEXT | (number as number)))
}

/** Go before 1.17 looks at the number of a tag alone. */
function isLikeName([tag = 0]: Der): boolean {
  return [EMAIL, DNS, URI, IP].some(number => (tag & 0x1f) === number)
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte < 0x80)
}
