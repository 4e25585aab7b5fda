import { describeUnusable, PkiError } from '../errors.ts'
import { commandFlags } from '../pki/command-flags.ts'
import { assessRequests } from '../pki/pending-requests.ts'
import { requestFindings } from '../pki/request-findings.ts'
import type { RequestList } from '../pki/request-list.ts'
import { sourceFacts } from '../pki/sources.ts'
import type { Tree } from '../store/files.ts'
import { type ReadOptions, readNode, readSnapshot } from '../store/read.ts'
import { packageFiles, readPackage, requestDirectory } from '../store/requests.ts'
import { archiveRequests } from './archive-requests.ts'
import { findAnswers, findRequests, type LocatedRequest, liveCertificates } from './found-requests.ts'

export interface ListRequestsOptions extends ReadOptions {
  readonly now: Date
  /** Where requests are; by default `csr` in the certificate directory. */
  readonly csrDir?: string | undefined
  /** Packs what waits, for the CA's people. */
  readonly archive?: string | undefined
}

/** How far each request of a node has come. Writes nothing but the archive. */
export function listRequests(options: ListRequestsOptions): RequestList {
  const { root, csrDir, archive, now } = options
  const snapshot = readNode(options)
  const tree: Tree = { root }
  const directory = requestDirectory(tree, snapshot, csrDir)
  const found = findRequests(snapshot, directory)
  checkReadable(found)
  if (found.length === 0) readSnapshot(options)
  const stored = readPackage(directory)
  const facts = {
    requests: found,
    answers: findAnswers(directory),
    live: liveCertificates(snapshot),
    known: stored.manifest.state === 'present' ? stored.manifest.manifest.requests : [],
    now,
    commandFlags: commandFlags({ ...options, csrDir }),
  }
  const requests = assessRequests(facts)
  const { manifestFile, sheetFile } = packageFiles(directory)
  const broken = stored.manifest.state === 'invalid' ? describeUnusable(stored.manifest) : undefined
  if (archive !== undefined) archiveRequests({ ...options, archive })
  return {
    directory: directory.path,
    ...(stored.manifest.state === 'present' && { manifestFile }),
    ...(stored.sheet !== undefined && { sheetFile }),
    ...(archive !== undefined && { archive }),
    requests,
    findings: requestFindings(facts, requests),
    sources: sourceFacts(snapshot),
    warnings: [...snapshot.warnings, ...(broken === undefined ? [] : [`${manifestFile}: ${broken}`])],
  }
}

/** Else a request that waits would look like half of one. */
function checkReadable(found: readonly LocatedRequest[]): void {
  const file = found.find(({ forbidden }) => forbidden !== undefined)?.forbidden
  if (file === undefined) return
  throw new PkiError('PERMISSION_DENIED', `${file}: permission denied`, {
    hint: 'run as root: sudo kubepki ...',
  })
}
