import type { ListedRequest } from './pending-requests.ts'
import type { RequestFinding } from './request-findings.ts'
import type { SourceFact } from './sources.ts'

/** The requests of a node, and what ought to be done about them. */
export interface RequestList {
  /** Where they and their keys are, as shown. */
  readonly directory: string
  /** `requests.json` and the sheet, where they are. */
  readonly manifestFile?: string
  readonly sheetFile?: string
  readonly archive?: string
  readonly requests: readonly ListedRequest[]
  readonly findings: readonly RequestFinding[]
  readonly sources: readonly SourceFact[]
  readonly warnings: readonly string[]
}
