/** The files a renewed certificate becomes. Pure: text in, text out. */
import { replaceEmbedded } from '../kubernetes/kubeconfig.ts'
import { type Certificate, encodeCertificates, isSameCertificate } from '../x509/certificate.ts'
import type { FileChange } from './file-change.ts'
import type { SignStep } from './renewal-step.ts'
import type { Entry, KubeconfigDocument, PlacedFile } from './snapshot.ts'

/** A new certificate on its way to its files, whoever signed it. */
export interface Installation {
  readonly entry: Entry
  readonly caName: string
  /** `certificate`: the one of the CA's file that the new one leads to. */
  readonly authority: { readonly certificate: Certificate; readonly bundle: readonly Certificate[] }
  readonly notBefore: Date
  /** `kept`: the key stays where it is. */
  readonly key: { readonly kept?: unknown }
}

export interface RenewedPem {
  readonly certificate: string
  readonly key: string
}

export interface RenewedFiles {
  readonly changes: readonly FileChange[]
  readonly warnings: readonly string[]
}

/** Leaf first, then what stays of its path. */
export function certificateText(leaf: Certificate, { chain }: SignStep): string {
  return encodeCertificates([leaf, ...chain])
}

export function renewedFiles(step: Installation, pem: RenewedPem): RenewedFiles {
  const { entry } = step
  if (!entry.kubeconfig)
    return { changes: pairChanges(step, entry.file, pem), warnings: strayKeyWarnings(step) }
  const { kubeconfig, file } = entry
  const { clientCertificate, clientKey } = kubeconfig.config
  const trust = refreshedTrust(kubeconfig, step)
  const embedded = [
    ...(clientCertificate.at === 'data' ? [{ path: clientCertificate.path, pem: pem.certificate }] : []),
    ...(clientKey?.at === 'data' && !step.key.kept ? [{ path: clientKey.path, pem: pem.key }] : []),
    ...trust,
  ]
  const text = replaceEmbedded(kubeconfig.text, embedded)
  const itself = embedded.length > 0 ? [changeOf(file, text, true)] : []
  const referred = pairChanges(step, entry.certificateFile, pem)
  const warnings =
    trust.length > 0 ? [`its CA data did not hold the CA that signs: ${step.caName} added`] : []
  return { changes: [...itself, ...referred], warnings }
}

/** A kept key stays where it is, unless it shares the certificate's file. */
function pairChanges(
  { entry: { key }, key: { kept } }: Installation,
  certificate: PlacedFile | undefined,
  pem: RenewedPem,
): FileChange[] {
  if (certificate && key && key.realPath === certificate.realPath) {
    return [changeOf(certificate, pem.certificate + pem.key, true)]
  }
  return [
    ...(key && !kept ? [changeOf(key, pem.key, true)] : []),
    ...(certificate ? [changeOf(certificate, pem.certificate, false)] : []),
  ]
}

export function changeOf({ path, realPath }: PlacedFile, contents: string, isSecret: boolean): FileChange {
  if (realPath === undefined) throw new TypeError(`nobody knows where ${path} is`)
  return { path, realPath, contents, isSecret }
}

/**
 * Embedded CA data is left alone while it holds the CA that signs; else it becomes all of that CA's file, and keeps
 * what it trusted besides: the server may still show a certificate of another CA.
 */
function refreshedTrust(
  { config, certificateAuthority }: KubeconfigDocument,
  { authority, notBefore }: Installation,
) {
  if (config.certificateAuthority?.at !== 'data') return []
  const trusted = certificateAuthority?.state === 'present' ? certificateAuthority.certificates : []
  if (trusted.some(one => isSameCertificate(one, authority.certificate))) return []
  const isNew = (one: Certificate) => !authority.bundle.some(known => isSameCertificate(known, one))
  const kept = trusted.filter(one => isNew(one) && one.notAfter > notBefore)
  const pem = encodeCertificates([...authority.bundle, ...kept])
  return [{ path: config.certificateAuthority.path, pem }]
}

function strayKeyWarnings({ entry }: Installation): string[] {
  const { certificate, file, key } = entry
  const holdsKey = certificate.state === 'present' && certificate.holdsKey
  return holdsKey && key?.realPath !== file.realPath
    ? [`${file.path} held a private key too: left out of the new file`]
    : []
}
