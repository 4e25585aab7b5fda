/** The requests of a node, wherever they are: in their directory, and among the live files where `certs generate-csr` puts them. */
import { join, relative } from 'node:path'
import { describeUnusable } from '../errors.ts'
import { parseWaitingKubeconfig } from '../kubernetes/kubeconfig.ts'
import { AWAITABLE, REQUESTABLE, requestPlaceOf } from '../pki/bootstrap-requests.ts'
import { isManagedElsewhere } from '../pki/external-ca.ts'
import type { FoundAnswer, FoundRequest, LiveCertificate } from '../pki/pending-requests.ts'
import { answeringCa, type Entry, entryNamed, type Found, type Snapshot, shownFile } from '../pki/snapshot.ts'
import { readAnswers } from '../store/answers.ts'
import { isThere } from '../store/disk.ts'
import { readFound, readKey, type Tree } from '../store/files.ts'
import { namesIn, type RequestDirectory, readIn, requestFiles, timeOf } from '../store/requests.ts'
import { publicKeySha256Of } from '../x509/certificate.ts'
import { type PrivateKey, publicKeySha256OfKey, readPrivateKey } from '../x509/key.ts'
import { readRequested } from '../x509/requested.ts'

export interface LocatedRequest extends FoundRequest {
  readonly entry: Entry
  /** Of the request. */
  readonly realPath: string
  readonly pem: string | undefined
  /** Absent where there is a flaw. */
  readonly key?: PrivateKey
  /** The file of it that may not be read: nobody can tell how far it has come. */
  readonly forbidden?: string
}

export function findRequests(snapshot: Snapshot, directory: RequestDirectory): LocatedRequest[] {
  const rows = snapshot.entries.filter(({ name }) => AWAITABLE.includes(name))
  const names = new Set(namesIn(directory))
  return rows.flatMap(entry => [...inDirectory(entry, directory, names), ...inPlace(entry, directory.tree)])
}

function inDirectory(
  entry: Entry,
  directory: RequestDirectory,
  names: ReadonlySet<string>,
): LocatedRequest[] {
  const { name } = entry
  if (!names.has(`${name}.csr`) && !names.has(`${name}.key`)) return []
  const { contents, file } = readIn(directory, `${name}.csr`)
  const key = asKey(readIn(directory, `${name}.key`).contents)
  const found = { ...file, ...requestFiles(directory, name) }
  return [describe(entry, { contents, key, ...found, isInPlace: false })]
}

/** A key alone is a live one there. */
function inPlace(entry: Entry, { seen }: Tree): LocatedRequest[] {
  if (!REQUESTABLE.includes(entry.name)) return []
  const place = requestPlaceOf(entry)
  if (place.realPath === undefined || !isThere(place.realPath)) return []
  const contents = readFound({ ...place, state: 'present', realPath: place.realPath }, seen)
  const keyFile = entry.key?.path ?? entry.file.path
  const found = { csrFile: place.path, realPath: place.realPath, keyFile, isInPlace: true }
  return [describe(entry, { contents, key: liveKey(entry, seen), ...found })]
}

/** Also of a kubeconfig that has no client certificate yet. */
function liveKey(entry: Entry, seen: Tree['seen']): Found<PrivateKey> {
  if (entry.key) return readKey(entry.key, seen)
  const { realPath } = entry.file
  if (realPath === undefined || entry.certificate.state === 'missing') return { state: 'missing' }
  const contents = readFound({ ...entry.file, state: 'present', realPath }, seen)
  const key = contents.state === 'present' ? embeddedKey(entry, contents.text) : undefined
  return key?.at === 'data' ? asKey({ state: 'present', text: key.pem }) : { state: 'missing' }
}

function embeddedKey({ kubeconfig }: Entry, text: string) {
  return kubeconfig ? kubeconfig.config.clientKey : parseWaitingKubeconfig(text)?.clientKey
}

function asKey(contents: Found<{ readonly text: string }>): Found<PrivateKey> {
  if (contents.state !== 'present') return contents
  const read = readPrivateKey(contents.text)
  return 'key' in read ? { state: 'present', ...read } : { state: 'invalid', ...read }
}

interface Halves {
  readonly contents: Found<{ readonly text: string }>
  readonly key: Found<PrivateKey>
  readonly csrFile: string
  readonly keyFile: string
  readonly realPath?: string
  readonly isInPlace: boolean
}

function describe(entry: Entry, { contents, key, realPath = '', ...place }: Halves): LocatedRequest {
  const read = contents.state === 'present' ? readRequested(contents.text) : undefined
  const requested = read && 'pem' in read ? read : undefined
  const flaw = requested
    ? flawOfKey(key, requested.publicKeySha256, place)
    : flawOfRequest(contents, read, place)
  return {
    ...{ name: entry.name, longName: entry.longName, caName: answeringCa(entry) ?? '' },
    ...{ csrFile: place.csrFile, keyFile: place.keyFile, isInPlace: place.isInPlace },
    certificateFile: shownFile(entry),
    ...(requested && { requested, modified: timeOf(realPath) }),
    ...(flaw !== undefined && { flaw }),
    ...forbiddenOf(contents, key, place),
    ...{ entry, realPath, pem: requested?.pem },
    ...(flaw === undefined && key.state === 'present' && { key: { key: key.key } }),
  }
}

function forbiddenOf(contents: Found<unknown>, key: Found<unknown>, { csrFile, keyFile }: Place) {
  const isForbidden = (found: Found<unknown>) =>
    found.state === 'invalid' && found.reason === 'PERMISSION_DENIED'
  if (isForbidden(contents)) return { forbidden: csrFile }
  return isForbidden(key) ? { forbidden: keyFile } : {}
}

type Place = Pick<Halves, 'csrFile' | 'keyFile'>

function flawOfKey(key: Found<PrivateKey>, hash: string, { keyFile }: Place): string | undefined {
  if (key.state === 'missing') return `its key is not in ${keyFile}`
  if (key.state === 'invalid') return `${keyFile}: ${describeUnusable(key)}`
  return publicKeySha256OfKey(key) === hash ? undefined : `${keyFile} is another key than the request's`
}

function flawOfRequest(
  contents: Found<unknown>,
  read: ReturnType<typeof readRequested> | undefined,
  { csrFile, keyFile }: Place,
): string {
  if (contents.state === 'missing') return `${keyFile} is there without ${csrFile}`
  if (contents.state === 'invalid') return `${csrFile}: ${describeUnusable(contents)}`
  return `${csrFile}: ${read && 'reason' in read ? describeUnusable(read) : 'cannot be read'}`
}

/** Every certificate of every file counts: an answer may lie behind its CA. */
export function findAnswers(directory: RequestDirectory): FoundAnswer[] {
  if (directory.isMissing) return []
  return readAnswers([directory.realPath]).files.flatMap(({ path, certificates }) =>
    certificates.map(certificate => ({
      file: join(directory.path, relative(directory.realPath, path)),
      publicKeySha256: publicKeySha256Of(certificate),
    })),
  )
}

export function liveCertificates(snapshot: Snapshot): LiveCertificate[] {
  const rows = snapshot.entries.filter(({ name }) => AWAITABLE.includes(name))
  return rows.flatMap(entry => {
    const { certificate, name, isListed } = entry
    const leaf = certificate.state === 'present' ? certificate.certificates[0] : undefined
    if (!leaf) return []
    const isOurExternal =
      isListed && isManagedElsewhere(snapshot, entry) && entryNamed(snapshot, entry.caName) !== undefined
    return {
      name,
      file: shownFile(entry),
      publicKeySha256: publicKeySha256Of(leaf),
      notAfter: leaf.notAfter,
      isOurExternal,
    }
  })
}
