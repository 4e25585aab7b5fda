/** Which names a CA may not give to anything below it (RFC 5280 section 4.2.1.10): DNS names and IP addresses, as Go compares them. */
import { contentsOf, type Der, elementsOf, onlyElement, TAG } from './der.ts'
import { extensionParts } from './extension.ts'
import type { SubjectAltName } from './subject-alt-name.ts'

const NAME_CONSTRAINTS = '2.5.29.30'
const [PERMITTED, EXCLUDED] = [0xa0, 0xa1] as const
const [DNS_NAME, IP_ADDRESS] = [0x82, 0x87] as const

/** Throws RangeError when the extension is not what it has to be. */
export function forbiddenNames(
  extensions: ReadonlyMap<string, Der>,
  names: readonly SubjectAltName[],
): SubjectAltName[] {
  const value = extensions.get(NAME_CONSTRAINTS)
  if (!value) return []
  const lists = elementsOf(onlyElement(TAG.sequence, extensionParts(value).value))
  const [permitted, excluded] = [PERMITTED, EXCLUDED].map(tag =>
    lists
      .filter(list => list[0] === tag)
      .flatMap(elementsOf)
      .flatMap(subtree => elementsOf(subtree)[0] ?? []),
  ) as [Der[], Der[]]
  return names.filter(({ der }) => {
    const ofKind = permitted.filter(base => base[0] === der[0])
    const isPermitted = ofKind.length === 0 || ofKind.some(base => isWithin(der, base))
    return !isPermitted || excluded.some(base => base[0] === der[0] && isWithin(der, base))
  })
}

function isWithin(name: Uint8Array, base: Der): boolean {
  const [found, limit] = [contentsOf(Uint8Array.from(name)), contentsOf(base)]
  if (base[0] === DNS_NAME) return isBelowDomain(textOf(found), textOf(limit))
  return base[0] === IP_ADDRESS && isInNetwork(found, limit)
}

function textOf(bytes: Der): string {
  return Buffer.from(bytes).toString('latin1').toLowerCase()
}

/** A leading dot leaves the domain itself out. */
function isBelowDomain(name: string, domain: string): boolean {
  if (domain === '') return true
  return domain.startsWith('.') ? name.endsWith(domain) : name === domain || name.endsWith(`.${domain}`)
}

/** Address and mask. */
function isInNetwork(address: Der, network: Der): boolean {
  const { length } = address
  return (
    network.length === 2 * length &&
    address.every((byte, at) => ((byte ^ (network[at] ?? 0)) & (network[length + at] ?? 0)) === 0)
  )
}
