/**
 * The certificate and the key that a client shows. OpenSSL says of a key that is another's what nobody understands, and with
 * one of another kind shows none: the API server then takes whoever asks for nobody.
 */
import { describeUnusable, PkiError } from '../errors.ts'
import { named, pathText } from '../foreign-text.ts'
import type { Credential } from '../kubernetes/kubeconfig.ts'
import { readCertificates } from '../x509/certificate.ts'
import { algorithmOf, isKeyOf, readPrivateKey } from '../x509/key.ts'
import { type ClusterTarget, pemOf } from './target.ts'

export interface ClientPair {
  readonly certificate: string
  readonly key: string
}

export type PairFlaw =
  | { readonly part: keyof ClientPair; readonly found: string }
  | { readonly part: 'both'; readonly certified: string; readonly found: string }

export function pairFlaw(pair: ClientPair): PairFlaw | undefined {
  const read = readCertificates(pair.certificate)
  if ('reason' in read) return { part: 'certificate', found: describeUnusable(read) }
  const key = readPrivateKey(pair.key)
  if ('reason' in key) return { part: 'key', found: describeUnusable(key) }
  const [leaf] = read.certificates
  if (isKeyOf(key, leaf)) return undefined
  return { part: 'both', certified: `${named(leaf.subject)}, ${leaf.keyAlgorithm}`, found: algorithmOf(key) }
}

/** `names`: what each is called where it comes from. */
export function describePairFlaw(flaw: PairFlaw, names: ClientPair): string {
  return flaw.part === 'both'
    ? `${names.certificate} (${flaw.certified}) and ${names.key} (${flaw.found}): wanted the key of this certificate, found another`
    : `${names[flaw.part]}: ${flaw.found}`
}

/** Of the kubeconfig; throws where there is a certificate, and no key that is its. A key alone is nothing, as in kubectl. */
export function clientPairOf(target: ClusterTarget): ClientPair | undefined {
  const { clientCertificate, clientKey } = target.context.user
  const certificate = pemOf(clientCertificate, target)
  if (certificate === undefined) return undefined
  const names = {
    certificate: placeOf('client-certificate', clientCertificate),
    key: placeOf('client-key', clientKey),
  }
  const key = pemOf(clientKey, target)
  if (key === undefined) throw unusable(target, `wanted client-key beside ${names.certificate}, found none`)
  const flaw = pairFlaw({ certificate, key })
  if (flaw) throw unusable(target, describePairFlaw(flaw, names))
  return { certificate, key }
}

function placeOf(field: string, credential: Credential | undefined): string {
  return credential?.at === 'file' ? `${field} ${pathText(credential.file)}` : `${field}-data`
}

function unusable({ context: { file, userName } }: ClusterTarget, found: string): PkiError {
  return new PkiError('KUBECONFIG_UNUSABLE', `${pathText(file)}: user "${named(userName)}": ${found}`, {
    hint: 'was only one of the two renewed? name another kubeconfig or context: --kubeconfig, --context',
  })
}
