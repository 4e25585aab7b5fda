/** The requests that wait, in one file for the CA's people. */
import { messageOf, PkiError } from '../errors.ts'
import type { RequestPaperwork } from '../pki/renewal-result.ts'
import { ONE_YEAR } from '../pki/validity.ts'
import { encodeRequestArchive } from '../report/request-archive.ts'
import { checkArchive, writeArchive } from '../store/archive.ts'
import type { Tree } from '../store/files.ts'
import { type ReadOptions, readNode } from '../store/read.ts'
import { requestDirectory } from '../store/requests.ts'
import { outstandingRequests } from './request-package.ts'

export interface ArchiveOptions extends ReadOptions {
  readonly now: Date
  /** Where requests are; by default `csr` in the certificate directory. */
  readonly csrDir?: string | undefined
  /** The file to be made. */
  readonly archive: string
}

/** Throws when nothing waits, and where the file cannot be written. */
export function archiveRequests(options: ArchiveOptions): void {
  const { archive, csrDir, now, root } = options
  checkArchive(archive)
  const snapshot = readNode(options)
  const tree: Tree = { root }
  const directory = requestDirectory(tree, snapshot, csrDir)
  const validity = snapshot.configuration?.value.certificateValidityPeriod ?? ONE_YEAR
  const { manifest, texts } = outstandingRequests({ snapshot, directory, now, validity })
  if (manifest.requests.length === 0)
    throw new PkiError('NO_REQUESTS', `no request waits in ${directory.path}: no archive was made`, {
      hint: `kubepki certs renew all --csr-only${snapshot.commandFlags}`,
    })
  writeArchive(archive, encodeRequestArchive(manifest, texts))
}

/** After a job that made requests: they are there, whatever becomes of the archive. */
export function archiveAfterwards(options: ArchiveOptions): RequestPaperwork {
  try {
    archiveRequests(options)
    return { archive: options.archive }
  } catch (error) {
    return { archiveFailure: messageOf(error) }
  }
}
