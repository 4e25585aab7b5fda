/** The requests whose keys wait on this node: in the directory of requests, and in place as `certs generate-csr` leaves them. */
import { basename, dirname, join } from 'node:path'
import { CERTIFICATES } from '../inventory/catalog.ts'
import { parseWaitingKubeconfig } from '../kubernetes/kubeconfig.ts'
import type { Wanted } from '../pki/answer-checks.ts'
import type { AwaitedRequest } from '../pki/awaited-request.ts'
import type { Entry, PlacedFile, Snapshot } from '../pki/snapshot.ts'
import { type CertificateRequest, readCertificateRequest } from '../x509/certificate-request.ts'
import { type PrivateKey, publicKeyInfo, readPrivateKey } from '../x509/key.ts'
import { extKeyUsageIn, keyUsageIn } from '../x509/usage.ts'
import { readFound, readKey, type Tree } from './files.ts'
import { type RequestDirectory, readPending, requestFiles } from './requests.ts'

export function readAwaited(tree: Tree, snapshot: Snapshot, directory: RequestDirectory): AwaitedRequest[] {
  const rows = snapshot.entries.filter(
    ({ kind, name }) => kind === 'kubeconfig' || (kind === 'leaf' && name !== ''),
  )
  return rows.flatMap(entry => inDirectory(entry, directory) ?? inPlace(tree, entry) ?? [])
}

function inDirectory(entry: Entry, directory: RequestDirectory): AwaitedRequest | undefined {
  const pending = readPending(directory, entry.name)
  if (pending.state !== 'whole') return undefined
  const waiting = awaitedOf(entry, readCertificateRequest(pending.request), pending.key)
  if (!waiting) return undefined
  const { csrFile, keyFile } = requestFiles(directory, entry.name)
  const placed = (path: string): PlacedFile => ({
    path,
    realPath: join(directory.realPath, basename(path)),
    source: '',
  })
  return { ...waiting, place: 'directory', csrFile: placed(csrFile), keyFile: placed(keyFile) }
}

function inPlace(tree: Tree, entry: Entry): AwaitedRequest | undefined {
  if (entry.certificate.state === 'present') return undefined
  const csrFile = csrBeside(entry)
  const request = textOf(tree, csrFile)
  const key = request === undefined ? undefined : keyInPlace(tree, entry)
  if (request === undefined || !key) return undefined
  const waiting = awaitedOf(entry, readCertificateRequest(request), key)
  return waiting && { ...waiting, place: 'in-place', csrFile }
}

/** `apiserver.csr` beside `apiserver.crt`, `admin.conf.csr` beside `admin.conf`. */
function csrBeside({ file, kind }: Entry): PlacedFile {
  const nameOf = (path: string) =>
    `${kind === 'kubeconfig' ? basename(path) : basename(path).replace(/\.(crt|pem)$/, '')}.csr`
  const beside = (path: string) => join(dirname(path), nameOf(path))
  const { path, realPath, source } = file
  return { path: beside(path), source, ...(realPath !== undefined && { realPath: beside(realPath) }) }
}

function textOf({ seen }: Tree, { realPath, ...file }: PlacedFile): string | undefined {
  if (realPath === undefined) return undefined
  const found = readFound({ ...file, state: 'present', realPath }, seen)
  return found.state === 'present' ? found.text : undefined
}

function keyInPlace(tree: Tree, { key, file }: Entry): PrivateKey | undefined {
  if (key) {
    const found = readKey(key, tree.seen)
    return found.state === 'present' ? found : undefined
  }
  const waiting = parseWaitingKubeconfig(textOf(tree, file) ?? '')
  if (waiting?.clientKey.at !== 'data') return undefined
  const read = readPrivateKey(waiting.clientKey.pem)
  return 'key' in read ? read : undefined
}

type Waiting = Pick<AwaitedRequest, 'entry' | 'wanted' | 'publicKeySha256' | 'key'>

/** Undefined: the key is not the request's. */
function awaitedOf(
  entry: Entry,
  request: CertificateRequest | { readonly reason: string },
  key: PrivateKey,
): Waiting | undefined {
  if ('reason' in request || Buffer.compare(publicKeyInfo(key), request.publicKeyInfo) !== 0) return undefined
  return { entry, wanted: wantedOf(entry, request), publicKeySha256: request.publicKeySha256, key }
}

/** What kubeadm's own requests leave out is what the row has. */
function wantedOf({ name }: Entry, { subject, subjectAltNames, extensions }: CertificateRequest): Wanted {
  const spec = CERTIFICATES.find(row => row.name === name)
  const ofRow = spec && 'extKeyUsage' in spec ? spec.extKeyUsage : (['clientAuth'] as const)
  return {
    subject,
    subjectAltNames,
    keyUsage: keyUsageIn(extensions) ?? ['digitalSignature', 'keyEncipherment'],
    extKeyUsage: extKeyUsageIn(extensions) ?? ofRow,
  }
}
