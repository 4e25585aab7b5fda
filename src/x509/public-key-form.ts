/** How a SubjectPublicKeyInfo is written: there is one way that all readers take (RFC 3279 section 2.3, RFC 5480, RFC 8410). */
import type { KeyObject } from 'node:crypto'
import { contentsOf, type Der, elementsOf } from './der.ts'

const UNCOMPRESSED = 0x04
/** As Go has it. */
const LARGEST_EXPONENT = 2n ** 31n - 1n

/** In words; undefined: it is written as everybody writes it. */
export function keyFlaw(key: KeyObject, publicKeyInfo: Der): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: { publicExponent: exponent } = {} } = key
  if (type === 'ec' && pointForm(publicKeyInfo) !== UNCOMPRESSED)
    return 'an EC key whose point is compressed, or of another form than the usual one'
  if (exponent !== undefined && (exponent < 3n || exponent > LARGEST_EXPONENT || exponent % 2n === 0n))
    return `an RSA key whose exponent is ${exponent > LARGEST_EXPONENT ? 'too large' : exponent}`
  const usual = key.export({ type: 'spki', format: 'der' })
  return usual.equals(publicKeyInfo) ? undefined : 'a key that is not written in the usual way'
}

/** Behind the number of bits left over. */
function pointForm(publicKeyInfo: Der): number | undefined {
  const [, point] = elementsOf(publicKeyInfo)
  return point && contentsOf(point)[1]
}
