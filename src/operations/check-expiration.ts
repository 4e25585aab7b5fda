import { type Depth, type ExpirationReport, reportExpiration } from '../pki/expiration.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import { unfinishedBusiness } from '../store/recovery.ts'

export interface CheckOptions extends ReadOptions {
  readonly now: Date
  /** By default everything. */
  readonly depth?: Depth
}

/** Reads the node and says what expires when. Opens no private key and no connection. */
export function checkExpiration(options: CheckOptions): ExpirationReport {
  const report = reportExpiration(readSnapshot(options), options.now, options.depth)
  return { ...report, warnings: [...unfinishedBusiness(options), ...report.warnings] }
}
