/** Reads what the checks of `certs verify` look at. Changes nothing; what may not be read is a state. */
import { basename, dirname, resolve } from 'node:path'
import { decideClusterFacts } from '../pki/cluster-facts.ts'
import { commandFlags } from '../pki/command-flags.ts'
import type { Evidence, ServiceAccountEvidence } from '../pki/evidence.ts'
import { assessRequests } from '../pki/pending-requests.ts'
import { requestFindings } from '../pki/request-findings.ts'
import type { Entry, KeyFile, Snapshot } from '../pki/snapshot.ts'
import { readFileEvidence } from '../store/file-evidence.ts'
import { forbiddenDirectory, readFound, readKey, type Tree } from '../store/files.ts'
import { readKubelet } from '../store/kubelet.ts'
import { readMachine } from '../store/machine.ts'
import { manifestDirectory, type ReadOptions, readKubeconfigFile } from '../store/read.ts'
import { unfinishedBusiness } from '../store/recovery.ts'
import { readPackage, requestDirectory, requestPlace } from '../store/requests.ts'
import { forbiddenStore } from '../store/state.ts'
import { readUnreadableManifests } from '../store/static-pods.ts'
import { keyOf } from './entry-key.ts'
import { readFlagFiles } from './flag-files.ts'
import { findAnswers, findRequests, liveCertificates } from './found-requests.ts'

export interface EvidenceOptions extends ReadOptions {
  readonly now: Date
  /** Milliseconds: what ends within them is told. */
  readonly within: number
  readonly maxValidity?: number | undefined
  /** Copies of kubeconfigs, as the user named them. */
  readonly kubeconfigs?: readonly string[] | undefined
  /** Where requests are; by default `csr` in the certificate directory. */
  readonly csrDir?: string | undefined
}

export function gatherEvidence(snapshot: Snapshot, options: EvidenceOptions): Evidence {
  const { root, now, within, maxValidity, kubeconfigs = [] } = options
  const tree: Tree = { root }
  const copies = [...new Set(kubeconfigs)].map(file => copyAt(tree, file, snapshot))
  return {
    ...{ snapshot, now, within, maxValidity, copies },
    facts: decideClusterFacts(snapshot, { machine: readMachine(tree) }),
    keys: new Map([...snapshot.entries, ...copies].map(entry => [entry.name, keyOf(entry)])),
    serviceAccount: readServiceAccount(snapshot.serviceAccount),
    unfinished: unfinishedBusiness(options),
    ...findRequestEvidence(tree, snapshot, options),
    kubelet: readKubelet(tree, snapshot),
    files: readFileEvidence(tree, { snapshot, copies, store: options }),
    flagFiles: readFlagFiles(tree, snapshot.pods),
    unreadableManifests: readUnreadableManifests(tree, manifestDirectory(options)),
  }
}

/** Named as the user named it, but never as a row is. */
function copyAt(tree: Tree, file: string, { entries }: Snapshot): Entry {
  const path = resolve(file)
  const name = entries.some(row => row.name === file) ? `./${file}` : file
  const location = { value: { path: `/${basename(path)}`, within: dirname(path) }, source: '--kubeconfig' }
  const identity = { name, longName: 'copy of a kubeconfig', caName: 'ca' } as const
  return readKubeconfigFile(tree, location, { ...identity, isListed: false, isOptional: false })
}

function readServiceAccount([publicKeyFile, privateKeyFile]: readonly KeyFile[]): ServiceAccountEvidence {
  if (!publicKeyFile || !privateKeyFile) throw new TypeError('no service account rows')
  return {
    publicKeyFile,
    privateKeyFile,
    publicKeys: readFound(publicKeyFile),
    privateKey: readKey(privateKeyFile),
  }
}

type RequestEvidence = Pick<Evidence, 'requests' | 'awaited' | 'forbidden'>

/** Of what may not be read nothing is guessed. */
function findRequestEvidence(tree: Tree, snapshot: Snapshot, options: EvidenceOptions): RequestEvidence {
  const backups = [forbiddenStore(options) ?? []].flat()
  const directory = forbiddenDirectory(tree, requestPlace(snapshot, options.csrDir))
  if (directory !== undefined) return { requests: [], forbidden: { requests: [directory], backups } }
  const { found, facts, listed } = lookAtRequests(tree, snapshot, options)
  const isIncomplete = (name: string) => listed.some(one => one.name === name && one.state === 'incomplete')
  const forbidden = found.filter(one => one.forbidden !== undefined && isIncomplete(one.name))
  const names = new Set(listed.flatMap(({ name, state }) => (state === 'pending' ? name : [])))
  return {
    requests: requestFindings(facts, listed).filter(
      ({ certificate }) => !forbidden.some(({ name }) => name === certificate),
    ),
    awaited: { names, commandFlags: facts.commandFlags },
    forbidden: { requests: forbidden.flatMap(one => one.forbidden ?? []), backups },
  }
}

function lookAtRequests(tree: Tree, snapshot: Snapshot, { now, csrDir, ...options }: EvidenceOptions) {
  const directory = requestDirectory(tree, snapshot, csrDir)
  const { manifest } = readPackage(directory)
  const found = findRequests(snapshot, directory)
  const facts = {
    requests: found,
    answers: findAnswers(directory),
    live: liveCertificates(snapshot),
    known: manifest.state === 'present' ? manifest.manifest.requests : [],
    now,
    commandFlags: commandFlags({ ...options, csrDir }),
  }
  return { found, facts, listed: assessRequests(facts) }
}
