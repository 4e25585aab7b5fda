/** What Go's crypto/x509 keeps of a subject and of alternative names when it signs a template, and in what form. */
import { contentsOf, type Der, encodeElement, TAG } from './der.ts'
import { attributesOf, COMMON_NAME, type NameAttribute } from './name.ts'
import { relativeName } from './profile.ts'
import type { SubjectAltName } from './subject-alt-name.ts'

/** Attributes below 2.5.4, in the order of the kube-controller-manager: C, ST, L, STREET, postalCode, O, OU, CN, serialNumber. */
const KEPT = [6, 8, 7, 9, 17, 10, 11, 3, 5]
/** Of these the last one counts. */
const SINGLE = new Set([3, 5])

export interface PlainName {
  readonly subject: Der
  /** Not in it, in words. */
  readonly dropped: readonly string[]
}

/** Throws RangeError when it is no Name. */
export function plainName(name: Der): PlainName {
  const attributes = attributesOf(name)
  const kept = KEPT.flatMap(id => {
    const values = valuesOf(attributes, id)
    return values.length > 0 ? [relativeName([0x55, 0x04, id], values)] : []
  })
  return { subject: encodeElement(TAG.sequence, ...kept), dropped: droppedOf(attributes) }
}

function valuesOf(attributes: readonly NameAttribute[], id: number): string[] {
  const all = attributes.flatMap(({ type, value }) => (type === `2.5.4.${id}` ? value : []))
  return SINGLE.has(id) ? all.slice(-1).filter(value => value !== '') : all
}

function droppedOf(attributes: readonly NameAttribute[]): string[] {
  const known = new Set(KEPT.map(id => `2.5.4.${id}`))
  const other = attributes.filter(({ type }) => !known.has(type)).map(({ type }) => `the attribute ${type}`)
  const names = attributes.filter(({ type }) => type === COMMON_NAME).length
  return [...new Set(other), ...(names > 1 ? ['every CN but the last'] : [])]
}

const GO_ORDER = ['DNS', 'email', 'IP', 'URI'] as const

/** In Go's order; an IPv4 address that was written as IPv6 is four bytes. Names of other kinds are dropped. */
export function plainNames(names: readonly SubjectAltName[]): SubjectAltName[] {
  return GO_ORDER.flatMap(type => names.filter(name => name.type === type)).map(shortAddress)
}

function shortAddress(name: SubjectAltName): SubjectAltName {
  const bytes = contentsOf(name.der)
  const isMapped =
    name.type === 'IP' &&
    bytes.length === 16 &&
    bytes.subarray(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 0xff))
  return isMapped ? { ...name, der: encodeElement(name.der[0] as number, bytes.subarray(12)) } : name
}
