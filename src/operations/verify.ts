import { reportExpiration } from '../pki/expiration.ts'
import { type VerificationReport, verifyNode } from '../pki/verification.ts'
import { readSnapshot } from '../store/read.ts'
import { type EvidenceOptions, gatherEvidence } from './gather-evidence.ts'

export interface VerifyOptions extends EvidenceOptions {
  /** Rows of the inventory; by default all. */
  readonly names?: readonly string[] | undefined
}

/** Every check over the node's PKI. Changes nothing and opens no connection. */
export async function verifyCertificates(options: VerifyOptions): Promise<VerificationReport> {
  const snapshot = readSnapshot(options)
  const evidence = gatherEvidence(snapshot, options)
  return verifyNode(evidence, reportExpiration(snapshot, options.now), options.names)
}
