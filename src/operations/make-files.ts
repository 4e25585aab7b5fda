/** The files of a new node: keys made together, certificates signed as soon as their CA is, all of it checked. Nothing is written here. */
import { PkiError } from '../errors.ts'
import { parseKubeconfig } from '../kubernetes/kubeconfig.ts'
import { encodeKubeconfig } from '../kubernetes/kubeconfig-document.ts'
import type {
  BootstrapFacts,
  BootstrapStep,
  MakeAuthority,
  MakeKubeconfig,
  MakeLeaf,
  MakeServiceAccount,
  MakeStep,
} from '../pki/bootstrap-step.ts'
import type { FileChange } from '../pki/file-change.ts'
import type { PlacedFile } from '../pki/snapshot.ts'
import { encodeCertificates } from '../x509/certificate.ts'
import { encodePrivateKey, encodePublicKey, generateKey, type PrivateKey } from '../x509/key.ts'

import { issuePair, type Pair } from './issue-pair.ts'

/** Throws when two rows have one file: the manifests may say anything. */
export async function makeFiles(
  steps: readonly BootstrapStep[],
  facts: BootstrapFacts,
): Promise<FileChange[]> {
  const making = steps.filter(step => step.action === 'make')
  checkDistinct(making)
  const algorithm = facts.newKeys.algorithm.value
  const authorities = new Map<string, Promise<Pair>>()
  const changes = making.map(async (step): Promise<FileChange[]> => {
    if (step.kind === 'sa') return serviceAccountFiles(step, () => generateKey(algorithm))
    if (step.kind === 'ca') {
      const pair = issuePair({ ...step, algorithm })
      authorities.set(step.name, pair)
      return pairFiles(step, await pair)
    }
    const signer = step.signer.state === 'local' ? step.signer : authorities.get(step.signer.step.name)
    const pair = await issuePair({ ...step, algorithm, signer })
    return step.kind === 'leaf' ? pairFiles(step, pair) : kubeconfigFiles(step, pair)
  })
  return (await Promise.all(changes)).flat()
}

/** kubeadm's order: the key first. */
function pairFiles({ entry }: MakeAuthority | MakeLeaf, { pem }: Pair): FileChange[] {
  return [
    ...(entry.key ? [newFile(entry.key, pem.key, true)] : []),
    newFile(entry.file, pem.certificate, false),
  ]
}

/** Of a CA bundle all of it: in the middle of a rotation one alone is not enough. */
function kubeconfigFiles(step: MakeKubeconfig, { pem }: Pair): FileChange[] {
  const { name, entry, profile, facts, server, signer } = step
  const text = encodeKubeconfig({
    clusterName: facts.clusterName,
    server,
    certificateAuthority: encodeCertificates(signer.bundle),
    userName: profile.commonName,
    credentials: pem,
    kubernetesVersion: facts.kubernetesVersion,
  })
  const read = parseKubeconfig(text)
  const isWhole =
    !('reason' in read) && isPem(read.clientCertificate, pem.certificate) && isPem(read.clientKey, pem.key)
  if (!isWhole)
    throw new PkiError('ISSUED_CERTIFICATE_WRONG', `${name}: the new kubeconfig does not read back`)
  return [newFile(entry.file, text, true)]
}

function isPem(credential: { at: string; pem?: string } | undefined, pem: string): boolean {
  return credential?.at === 'data' && credential.pem === pem
}

/** Both are their owner's alone, as kubeadm's. */
async function serviceAccountFiles(
  { files }: MakeServiceAccount,
  make: () => Promise<PrivateKey>,
): Promise<FileChange[]> {
  const { privateKey, publicKey, key: old } = files
  const key = old.state === 'present' ? old : await make()
  const own = old.state === 'present' ? [] : [newFile(privateKey, encodePrivateKey(key.key), true)]
  return [...own, newFile(publicKey, encodePublicKey(key), true)]
}

export function newFile({ path, realPath }: PlacedFile, contents: string, isSecret: boolean): FileChange {
  if (realPath === undefined) throw new PkiError('WRITE_FAILED', `nobody knows where ${path} is`)
  return { path, realPath, contents, isSecret }
}

export interface Place {
  readonly path: string
  readonly realPath: string
}

/** The files that a step writes. */
export function placesOf(step: BootstrapStep): Place[] {
  if (step.action !== 'make') return []
  const { files, entry } = { files: undefined, entry: undefined, ...step }
  const places = files
    ? [files.publicKey, ...(files.key.state === 'missing' ? [files.privateKey] : [])]
    : [entry?.file, step.kind === 'kubeconfig' ? undefined : entry?.key]
  return places.flatMap(place =>
    place?.realPath === undefined ? [] : { path: place.path, realPath: place.realPath },
  )
}

function sharedFile(path: string, one: string, other: string): string {
  if (one === other)
    return `${path} would be certificate and key of ${one}: the manifest names one file for both`
  return `${path} would be a file of ${one} and of ${other}: the manifests name it for both`
}

function checkDistinct(steps: readonly MakeStep[]): void {
  const owners = new Map<string, string>()
  for (const step of steps) {
    for (const { path, realPath } of placesOf(step)) {
      const other = owners.get(realPath)
      if (other !== undefined) throw new PkiError('WRITE_FAILED', sharedFile(path, other, step.name))
      owners.set(realPath, step.name)
    }
  }
}
