/** The CertificateSigningRequests of a file, a directory or standard input that are named, for what acts on each of them. */
import { PkiError } from '../errors.ts'
import { named } from '../foreign-text.ts'
import type { CertificateSigningRequest } from '../kubernetes/certificate-signing-request.ts'
import { manifestSource } from './csr-source.ts'

export interface ReadManifests {
  readonly requests: readonly CertificateSigningRequest[]
  /** Objects of other kinds. */
  readonly passedOver: readonly string[]
}

/** None named: all. Throws when one of those named is not there, or something may be one and cannot be read. */
export async function readManifests(from: string, names: readonly string[]): Promise<ReadManifests> {
  const passedOver: string[] = []
  const onStray = (message: string, isBroken: boolean) => {
    if (isBroken) throw new PkiError('FILE_UNREADABLE', message)
    passedOver.push(message)
  }
  const requests: CertificateSigningRequest[] = []
  const found: string[] = []
  for await (const request of manifestSource({ from, onStray }).requests()) {
    found.push(request.name)
    if (names.length === 0 || names.includes(request.name)) requests.push(request)
  }
  checkFound(from === '-' ? 'standard input' : from, names, found)
  return { requests, passedOver }
}

function checkFound(where: string, names: readonly string[], found: readonly string[]): void {
  if (found.length === 0) throw new PkiError('NO_REQUESTS', `${where}: no CertificateSigningRequest in it`)
  const missing = names.filter(name => !found.includes(name))
  if (missing.length === 0) return
  const there = found.slice(0, 10).map(named).join(', ')
  throw new PkiError('NO_REQUESTS', `${where}: no CertificateSigningRequest named ${missing.join(', ')}`, {
    hint: `there ${found.length === 1 ? 'is' : 'are'} ${found.length}: ${there}${found.length > 10 ? ', ...' : ''}`,
  })
}
