import { createHash, randomBytes } from 'node:crypto'

/** SHA-256, lower-case hexadecimal. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** For a name that nobody can have taken before. */
export function randomToken(): string {
  return randomBytes(8).toString('hex')
}
