import { reportExpiration } from '../pki/expiration.ts'
import type { LiveEvidence } from '../pki/live-evidence.ts'
import { type MisnamedFlag, misnamedFlags, podsSetRight, usualPods } from '../pki/misnamed-flags.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import { type VerificationReport, verifyNode } from '../pki/verification.ts'
import { checkOutputFile } from '../store/output-file.ts'
import { readSnapshot } from '../store/read.ts'
import { readFlagFiles } from './flag-files.ts'
import { type EvidenceOptions, gatherEvidence } from './gather-evidence.ts'
import type { LiveOptions } from './gather-live.ts'

export interface VerifyOptions extends EvidenceOptions, LiveOptions {
  /** Rows of the inventory; by default all. */
  readonly names?: readonly string[] | undefined
  /** Where the report will go: refused when it is one of the node's own files. */
  readonly outputFile?: string | undefined
}

/** Every check over the node's PKI. Changes nothing, and opens no connection unless told to. */
export async function verifyCertificates(options: VerifyOptions): Promise<VerificationReport> {
  const found = readSnapshot(options)
  const misnamed = findMisnamed(found, options)
  const snapshot = misnamed.length === 0 ? found : readSnapshot(options, pods => podsSetRight(pods, misnamed))
  checkOutputFile(options, snapshot)
  const live = options.live ? await looking(snapshot, options) : undefined
  const evidence = { ...gatherEvidence(snapshot, options), live, misnamed }
  return verifyNode(evidence, reportExpiration(snapshot, options.now), options.names)
}

function findMisnamed(snapshot: Snapshot, { root }: VerifyOptions): readonly MisnamedFlag[] {
  const [found, usual] = [snapshot.pods, usualPods(snapshot.pods)].map(pods => readFlagFiles({ root }, pods))
  return misnamedFlags({ snapshot, found: found ?? [], usual: usual ?? [] })
}

/** The network's modules are loaded for this alone. */
async function looking(snapshot: Snapshot, options: VerifyOptions): Promise<LiveEvidence> {
  const { gatherLive } = await import('./gather-live.ts')
  return gatherLive(snapshot, options)
}
