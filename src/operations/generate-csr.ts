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
import type { PlacedFile } from '../pki/snapshot.ts'
import { isThere } from '../store/disk.ts'
import { shownPath } from '../store/files.ts'
import { checkStore, checkWritable } from '../store/preflight.ts'
import { unfinishedBusiness } from '../store/recovery.ts'
import { checkInterruption, underLock } from '../store/session.ts'
import { findStore } from '../store/state.ts'
import { commit } from '../store/transaction.ts'
import { encodeCertificates } from '../x509/certificate.ts'
import { encodePrivateKey, generateKey } from '../x509/key.ts'
import type { IssuableKeyAlgorithm } from '../x509/key-algorithm.ts'
import { extensionsOf, subjectOf } from '../x509/profile.ts'
import { type BootstrapOptions, newFilesJob, type ReadFacts, readBootstrapFacts } from './bootstrap-facts.ts'
import { checkRoot } from './change.ts'
import { newFile } from './make-files.ts'

/** `names`: rows of the inventory that a CA signs. */
export type GenerateOptions = BootstrapOptions

export async function generateRequests(options: GenerateOptions): Promise<RequestsResult> {
  checkRoot(options)
  if (options.names !== 'all') phaseNames(options.names, REQUESTABLE)
  const store = findStore(options)
  if (options.dryRun) {
    const { result, requests } = readAndPlan(options)
    checkStore(store)
    for (const { path, realPath = path } of requests.flatMap(filesOf)) checkWritable(path, realPath)
    return { ...result, warnings: [...unfinishedBusiness(options), ...result.warnings] }
  }
  const { names } = options
  const command = ['certs generate-csr', ...(names === 'all' ? [] : names)].join(' ')
  const session = { command, lockTimeout: options.lockTimeout ?? 0, interruption: options.interruption }
  return underLock(store, session, async ({ notes }) => {
    const { result, requests, read } = readAndPlan(options)
    if (result.failures.length > 0) return { ...result, warnings: [...notes, ...result.warnings] }
    const algorithm = read.facts.newKeys.algorithm.value
    const changes = (await Promise.all(requests.map(step => makeRequest(step, algorithm)))).flat()
    checkInterruption(options.interruption)
    const { backup, warnings } = commit(store, newFilesJob(options, { changes, seen: read.seen, command }))
    return {
      ...result,
      backup,
      notes: [...notes, ...result.notes],
      warnings: [...result.warnings, ...warnings],
    }
  })
}

type Request = Exclude<RequestStep, { action: 'refuse' }>

interface Planned {
  readonly requests: readonly Request[]
  readonly result: RequestsResult
  readonly read: ReadFacts
}

function readAndPlan(options: GenerateOptions): Planned {
  const read = readBootstrapFacts({ ...options, names: [] })
  const { facts, tree } = read
  const steps = planRequests(facts, {
    names: options.names,
    isThere: ({ path, realPath = path }) => isThere(realPath),
  })
  const { certDir, kubeconfigDir } = facts.snapshot.locations
  const result = {
    ...describeRequests(steps, facts),
    dryRun: options.dryRun ?? false,
    certDir: shownPath(tree, certDir.value),
    kubeconfigDir: shownPath(tree, kubeconfigDir.value),
  }
  return { requests: steps.filter(step => step.action === 'request'), result, read }
}

function filesOf(step: Request): PlacedFile[] {
  return [step.kind === 'leaf' ? step.key : step.kubeconfig, step.csr]
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
