/** Keys and requests of a whole node, in their places, for a CA elsewhere. Written together or not at all. */
import { phaseNames } from '../inventory/names.ts'
import { encodeKubeconfig } from '../kubernetes/kubeconfig-document.ts'
import {
  type KubeconfigRequest,
  type PairRequest,
  planRequests,
  REQUESTABLE,
  type RequestStep,
} from '../pki/bootstrap-requests.ts'
import { describeRequests, type RequestsResult } from '../pki/described-requests.ts'
import type { FileChange } from '../pki/file-change.ts'
import { verifyRequest } from '../pki/issued.ts'
import { checkArchive } from '../store/archive.ts'
import { isThere } from '../store/disk.ts'
import { shownPath } from '../store/files.ts'
import { packageChanges, type RequestDirectory, requestDirectory } from '../store/requests.ts'
import { encodeCertificates } from '../x509/certificate.ts'
import { encodePrivateKey, generateKey } from '../x509/key.ts'
import type { IssuableKeyAlgorithm } from '../x509/key-algorithm.ts'
import { extensionsOf, subjectOf } from '../x509/profile.ts'
import { archiveAfterwards } from './archive-requests.ts'
import { type BootstrapOptions, readBootstrapFacts } from './bootstrap-facts.ts'
import { newFile, type Place } from './make-files.ts'
import { type PlannedFiles, writeNewFiles } from './new-files.ts'
import { openPackage } from './request-package.ts'

/** `names`: rows of the inventory that a CA signs. */
export interface GenerateOptions extends BootstrapOptions {
  /** Where requests and sheet are packed for the CA's people. */
  readonly archive?: string | undefined
}

export async function generateRequests(options: GenerateOptions): Promise<RequestsResult> {
  const { names } = options
  if (names !== 'all') phaseNames(names, REQUESTABLE)
  const command = ['certs generate-csr', ...(names === 'all' ? [] : names)].join(' ')
  if (options.archive !== undefined) checkArchive(options.archive)
  const result = await writeNewFiles(options, { command, plan: () => plan(options) })
  const isMade = !result.dryRun && result.changed
  return options.archive !== undefined && isMade
    ? { ...result, ...archiveAfterwards({ ...options, archive: options.archive }) }
    : result
}

type Request = Exclude<RequestStep, { action: 'refuse' }>

function plan(options: GenerateOptions): PlannedFiles<RequestsResult> {
  const { facts, tree, seen } = readBootstrapFacts({ ...options, names: [] })
  const steps = planRequests(facts, {
    names: options.names,
    isThere: ({ path, realPath = path }) => isThere(realPath),
  })
  const requests = steps.filter(step => step.action === 'request')
  const { snapshot, facts: known, newKeys, now } = facts
  const { certDir, kubeconfigDir } = snapshot.locations
  const described = describeRequests(steps, facts)
  const directory = requestDirectory(tree, snapshot, undefined)
  const node = known.nodeName?.value
  const packaged = described.changed
    ? openPackage({ snapshot, directory, now, node, validity: newKeys.validity.value })
    : undefined
  const result = {
    ...described,
    ...packaged?.files,
    warnings: [...described.warnings, ...(packaged?.warnings ?? [])],
    dryRun: options.dryRun ?? false,
    certDir: shownPath(tree, certDir.value),
    kubeconfigDir: shownPath(tree, kubeconfigDir.value),
  }
  const algorithm = newKeys.algorithm.value
  const make = async () => {
    const changes = await Promise.all(requests.map(step => makeRequest(step, algorithm)))
    const made = requests.flatMap(({ name, csr }, index) => {
      const change = changes[index]?.find(({ realPath }) => realPath === csr.realPath)
      return change ? [{ name, csr: change }] : []
    })
    return [...changes.flat(), ...(packaged?.changesWith({ made }) ?? [])]
  }
  return {
    result,
    seen: new Map([...seen, ...(packaged?.seen ?? [])]),
    places: [...requests.flatMap(filesOf), ...(packaged ? placesOf(directory) : [])],
    privateDirectory: directory,
    make,
  }
}

function placesOf(directory: RequestDirectory): Place[] {
  const nothing = { manifest: '', sheet: '' }
  return packageChanges(directory, nothing).map(({ path, realPath }) => ({ path, realPath }))
}

function filesOf(step: Request): Place[] {
  const files = [step.kind === 'leaf' ? step.key : step.kubeconfig, step.csr]
  return files.map(({ path, realPath = path }) => ({ path, realPath }))
}

/** kubeadm's order: what holds the key first. */
async function makeRequest(step: Request, algorithm: IssuableKeyAlgorithm): Promise<FileChange[]> {
  const [{ createRequest }, key] = await Promise.all([import('../x509/request.ts'), generateKey(algorithm)])
  const { name, profile, csr } = step
  const planned = { name, subject: subjectOf(profile), extensions: extensionsOf(profile) }
  const request = await createRequest(planned, key)
  verifyRequest(planned, request, key)
  return [fileWithKey(step, encodePrivateKey(key.key)), newFile(csr, request, true)]
}

function fileWithKey(step: PairRequest | KubeconfigRequest, key: string): FileChange {
  if (step.kind === 'leaf') return newFile(step.key, key, true)
  const { kubeconfig, facts, server, trust, profile } = step
  const text = encodeKubeconfig({
    clusterName: facts.clusterName,
    server,
    certificateAuthority: trust.length > 0 ? encodeCertificates(trust) : undefined,
    userName: profile.commonName,
    credentials: { key },
    kubernetesVersion: facts.kubernetesVersion,
  })
  return newFile(kubeconfig, text, true)
}
