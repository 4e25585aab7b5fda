/** Files: who can read and replace them, whether their bytes are what Kubernetes reads, what lies beside them. */
import type { Check } from './check.ts'
import { FILE_CONTENT_CHECKS } from './file-contents.ts'
import { FILE_MODE_CHECKS } from './file-modes.ts'
import { LEFTOVER_CHECKS } from './leftovers.ts'
import { SERVICE_ACCOUNT_CHECKS } from './service-account.ts'

export const FILE_CHECKS: readonly Check[] = [
  ...FILE_MODE_CHECKS,
  ...FILE_CONTENT_CHECKS,
  ...SERVICE_ACCOUNT_CHECKS,
  ...LEFTOVER_CHECKS,
]
