import { reportExpiration } from '../pki/expiration.ts'
import { type VerificationReport, verifyNode } from '../pki/verification.ts'
import { checkOutputFile } from '../store/output-file.ts'
import { readSnapshot } from '../store/read.ts'
import { type EvidenceOptions, gatherEvidence } from './gather-evidence.ts'

export interface VerifyOptions extends EvidenceOptions {
  /** Rows of the inventory; by default all. */
  readonly names?: readonly string[] | undefined
  /** Where the report will go: refused when it is one of the node's own files. */
  readonly outputFile?: string | undefined
}

/** Every check over the node's PKI. Changes nothing and opens no connection. */
export async function verifyCertificates(options: VerifyOptions): Promise<VerificationReport> {
  const snapshot = readSnapshot(options)
  if (options.outputFile !== undefined) checkOutputFile(options.outputFile, snapshot)
  const evidence = gatherEvidence(snapshot, options)
  return verifyNode(evidence, reportExpiration(snapshot, options.now), options.names)
}
