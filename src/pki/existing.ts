/** Whether what is on the disk already is good enough to be kept: kubeadm's checks, and that key and time are right too. */
import { describeUnusable } from '../errors.ts'
import { type Certificate, extKeyUsageOf, isSameCertificate } from '../x509/certificate.ts'
import { isKeyOf, type PrivateKey } from '../x509/key.ts'
import type { CertificateProfile } from '../x509/profile.ts'
import { pathAbove } from './certification-path.ts'
import { instant } from './instant.ts'
import { lackingNames } from './names-of-certificate.ts'
import { OTHER_NODES, type Place, type Remedies } from './remedies.ts'
import type { Entry, Found } from './snapshot.ts'

export interface Flaw {
  readonly message: string
  readonly hint?: string | undefined
  /** A CA elsewhere has to be asked for it. */
  readonly isToBeRequested?: boolean
}

export interface Existing {
  readonly entry: Entry
  readonly key: Found<PrivateKey>
  /** The row of its CA. */
  readonly authority: Entry
  readonly now: Date
  readonly place: Place
  readonly remedies: Remedies
}

const RUN_AS_ROOT = 'run as root: sudo kubepki ...'

/** Of a pair whose certificate is there. */
export function flawOfPair(existing: Existing): Flaw | undefined {
  const { entry, place } = existing
  if (entry.certificate.state !== 'present') return unusableFile(existing)
  const [leaf] = entry.certificate.certificates
  return (
    flawOfKey(existing, leaf) ?? flawOfSignature(existing, place.file) ?? flawOfDates(existing, place.file)
  )
}

export function unusableFile({ entry: { certificate, file }, place, remedies }: Existing): Flaw | undefined {
  if (certificate.state !== 'invalid') return undefined
  const hint = certificate.reason === 'PERMISSION_DENIED' ? RUN_AS_ROOT : remedies.unusable(place)
  return { message: `${file.path}: ${describeUnusable(certificate)}`, hint }
}

/** `leaf`: what the key must belong to. */
export function flawOfKey({ key, place, remedies }: Existing, leaf: Certificate): Flaw | undefined {
  const { file, keyFile } = place
  const isEmbedded = keyFile === file
  if (key.state === 'missing') {
    const message = isEmbedded ? `${file} holds no client key` : `${keyFile} does not exist, and ${file} does`
    return { message, hint: remedies.missingKey(place) }
  }
  if (key.state === 'invalid') {
    const hint = key.reason === 'PERMISSION_DENIED' ? RUN_AS_ROOT : remedies.unusableKey(place)
    return { message: `${keyFile}: ${isEmbedded ? 'its client key: ' : ''}${describeUnusable(key)}`, hint }
  }
  if (isKeyOf(key, leaf)) return undefined
  const message = isEmbedded
    ? `${file}: its client key is not that of its client certificate (${leaf.subject})`
    : `${keyFile} is not the key of ${file} (${leaf.subject})`
  return { message, hint: remedies.foreignKey(place) }
}

/** `what`: how messages call the certificate. */
export function flawOfSignature(
  { entry, authority, place, remedies }: Existing,
  what: string,
): Flaw | undefined {
  const { certificate, file: caFile } = authority
  if (certificate.state === 'missing') {
    const message = `${what} exists, and the CA it has to be signed by does not: ${caFile.path}`
    return { message, hint: `put ${caFile.path} back: ${OTHER_NODES}` }
  }
  if (certificate.state === 'invalid') return { message: `${caFile.path}: ${describeUnusable(certificate)}` }
  if (entry.certificate.state !== 'present') return undefined
  const [leaf, ...rest] = entry.certificate.certificates
  const roots = certificate.certificates.filter(({ isCa }) => isCa)
  const path = pathAbove(leaf, [...rest, ...roots])
  if (path.some(one => roots.some(root => isSameCertificate(root, one)))) return undefined
  const subject = roots[0]?.subject ?? 'which holds no CA'
  const found =
    subject === leaf.issuer ? 'one signed by another key of that name' : `one issued by ${leaf.issuer}`
  const message = `${what}: wanted a certificate signed by ${caFile.path} (${subject}), found ${found}`
  return { message, hint: remedies.foreignCa(place) }
}

/** A CA's own time ends that of all it signed. */
export function flawOfDates(
  { entry, authority, now, place, remedies }: Existing,
  what: string,
): Flaw | undefined {
  if (entry.certificate.state !== 'present') return undefined
  const [leaf] = entry.certificate.certificates
  return flawOfAuthority(authority, now) ?? flawOfTime(what, leaf, { now, remedy: remedies.expired(place) })
}

function flawOfTime(
  what: string,
  { notBefore, notAfter }: Certificate,
  { now, remedy }: { readonly now: Date; readonly remedy?: string },
): Flaw | undefined {
  if (notAfter <= now) return { message: `${what} expired on ${instant(notAfter)}`, hint: remedy }
  if (notBefore <= now) return undefined
  return {
    message: `${what} is not valid before ${instant(notBefore)}`,
    hint: 'check the clock of this machine',
  }
}

export function flawOfAuthority({ certificate, file }: Entry, now: Date): Flaw | undefined {
  if (certificate.state !== 'present') return undefined
  const flaws = certificate.certificates.map(one => flawOfTime(file.path, one, { now }))
  return flaws.includes(undefined) ? undefined : flaws[0]
}

/** What a certificate is not good for that it is there for, whoever made it. */
export function flawOfPurpose(
  { entry, place, remedies }: Existing,
  what: string,
  profile: CertificateProfile,
): Flaw | undefined {
  if (entry.certificate.state !== 'present') return undefined
  const [leaf] = entry.certificate.certificates
  const usages = extKeyUsageOf(leaf)
  const lacking = profile.extKeyUsage.filter(usage => usages?.includes(usage) === false)
  const hint = remedies.unusable(place)
  if (lacking.length > 0)
    return { message: `${what}: wanted the usages ${lacking.join(', ')}, found ${usages?.join(', ')}`, hint }
  const { subjectAltName } = profile
  const isNameless =
    subjectAltName.length > 0 && lackingNames(leaf, subjectAltName).length === subjectAltName.length
  return isNameless
    ? { message: `${what}: wanted SANs, found none of ${subjectAltName.length}`, hint }
    : undefined
}

/** Another common name than kubeadm's is somebody's choice, or a mistake. */
export function warningsOfName(certificate: Certificate, { commonName }: CertificateProfile): string[] {
  const [, found] = /(?:^|(?<!\\)[,+])CN=((?:[^,+\\]|\\.)*)/.exec(certificate.subject) ?? []
  return found === commonName
    ? []
    : [`wanted CN=${commonName}, found ${certificate.subject || 'no subject'}: kept as it is`]
}
