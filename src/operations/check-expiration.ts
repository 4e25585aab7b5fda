import { type Depth, type ExpirationReport, reportExpiration } from '../pki/expiration.ts'
import { checkOutputFile } from '../store/output-file.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import { unfinishedBusiness } from '../store/recovery.ts'

export interface CheckOptions extends ReadOptions {
  readonly now: Date
  /** By default everything. */
  readonly depth?: Depth
  /** Where the report will go: refused when it is one of the node's own files. */
  readonly outputFile?: string | undefined
}

/** Reads the node and says what expires when. Opens no private key and no connection. */
export function checkExpiration(options: CheckOptions): ExpirationReport {
  const snapshot = readSnapshot(options)
  checkOutputFile(options, snapshot)
  const report = reportExpiration(snapshot, options.now, options.depth)
  return { ...report, warnings: [...unfinishedBusiness(options), ...report.warnings] }
}
