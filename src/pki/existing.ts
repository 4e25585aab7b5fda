/** Whether what is on the disk already is good enough to be kept: kubeadm's checks, and that key and time are right too. */
import { describeUnusable } from '../errors.ts'
import { type Certificate, isSameCertificate } from '../x509/certificate.ts'
import { isKeyOf, type PrivateKey } from '../x509/key.ts'
import {
  describeSubjectAltName,
  isSameSubjectAltName,
  type SubjectAltName,
  subjectAltNamesOf,
} from '../x509/subject-alt-name.ts'
import { pathAbove } from './certification-path.ts'
import { instant } from './instant.ts'
import type { Entry, Found } from './snapshot.ts'

export interface Flaw {
  readonly message: string
  readonly hint?: string | undefined
}

export interface Existing {
  readonly entry: Entry
  readonly key: Found<PrivateKey>
  /** The row of its CA. */
  readonly authority: Entry
  readonly now: Date
}

/** Of a pair whose certificate is there. */
export function flawOfPair({ entry, key, authority, now }: Existing): Flaw | undefined {
  const { certificate, file, name } = entry
  if (certificate.state !== 'present') return unusableFile(entry)
  const [leaf, ...rest] = certificate.certificates
  return (
    flawOfKey(entry, leaf, key) ??
    flawOfSignature({ file: file.path, leaf, rest }, authority) ??
    flawOfTime(file.path, leaf, { now, remedy: `kubepki certs renew ${name}` }) ??
    flawOfAuthority(authority, now)
  )
}

export function unusableFile({ certificate, file }: Entry): Flaw | undefined {
  if (certificate.state !== 'invalid') return undefined
  const hint =
    certificate.reason === 'PERMISSION_DENIED'
      ? 'run as root: sudo kubepki ...'
      : `put a good ${file.path} back, or move it away to have a new one made`
  return { message: `${file.path}: ${describeUnusable(certificate)}`, hint }
}

function flawOfKey({ file, key: place }: Entry, leaf: Certificate, key: Found<PrivateKey>): Flaw | undefined {
  const path = place?.path ?? file.path
  if (key.state === 'missing') {
    const message = `${path} does not exist, and ${file.path} does`
    return { message, hint: `put the key back, or move ${file.path} away to have a new pair made` }
  }
  if (key.state === 'invalid') return { message: `${path}: ${describeUnusable(key)}` }
  if (isKeyOf(key, leaf)) return undefined
  const hint = 'put the one back that belongs to the other, or move both away to have a new pair made'
  return { message: `${path} is not the key of ${file.path}`, hint }
}

interface Signed {
  readonly file: string
  readonly leaf: Certificate
  /** What follows it in its file. */
  readonly rest: readonly Certificate[]
}

export function flawOfSignature({ file, leaf, rest }: Signed, authority: Entry): Flaw | undefined {
  const { certificate, file: caFile } = authority
  if (certificate.state === 'missing') {
    const message = `${file} exists, and the CA it has to be signed by does not: ${caFile.path}`
    return { message, hint: `put ${caFile.path} back: the other control-plane nodes have the same CA` }
  }
  if (certificate.state === 'invalid') return { message: `${caFile.path}: ${describeUnusable(certificate)}` }
  const roots = certificate.certificates.filter(({ isCa }) => isCa)
  const path = pathAbove(leaf, [...rest, ...roots])
  if (path.some(one => roots.some(root => isSameCertificate(root, one)))) return undefined
  const found = `signed by ${caFile.path} (${roots[0]?.subject ?? 'which holds no CA'})`
  return {
    message: `${file}: wanted a certificate ${found}, found one issued by ${leaf.issuer}`,
    hint: `put the CA back that signed it, or move ${file} and its key away to have new ones made`,
  }
}

export function flawOfTime(
  file: string,
  { notBefore, notAfter }: Certificate,
  { now, remedy }: { readonly now: Date; readonly remedy?: string },
): Flaw | undefined {
  if (notAfter <= now) return { message: `${file} expired on ${instant(notAfter)}`, hint: remedy }
  if (notBefore <= now) return undefined
  return {
    message: `${file} is not valid before ${instant(notBefore)}`,
    hint: 'check the clock of this machine',
  }
}

/** A CA's own time ends that of all it signed. */
export function flawOfAuthority({ certificate, file }: Entry, now: Date): Flaw | undefined {
  if (certificate.state !== 'present') return undefined
  const flaws = certificate.certificates.map(one => flawOfTime(file.path, one, { now }))
  return flaws.includes(undefined) ? undefined : flaws[0]
}

/** The names that are wanted and that the certificate has not, neither itself nor by a wildcard. */
export function lackingNames(certificate: Certificate, wanted: readonly SubjectAltName[]): readonly string[] {
  const names = readableNames(certificate)
  const covers = (name: SubjectAltName) =>
    names.some(one => isSameSubjectAltName(one, name) || isWild(one, name))
  return wanted.filter(name => !covers(name)).map(describeSubjectAltName)
}

function readableNames(certificate: Certificate): readonly SubjectAltName[] {
  try {
    return subjectAltNamesOf(certificate)
  } catch {
    return []
  }
}

/** `*.example.com` stands for one label (RFC 6125 section 6.4.3). */
function isWild(pattern: SubjectAltName, { type, value }: SubjectAltName): boolean {
  if (type !== 'DNS' || pattern.type !== 'DNS' || !pattern.value.startsWith('*.')) return false
  return value.slice(value.indexOf('.')).toLowerCase() === pattern.value.slice(1).toLowerCase()
}
