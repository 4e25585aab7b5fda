/** What the processes serve and hold: looked at by `--live` alone. */
import type { Check } from './check.ts'
import { SERVED_DATE_CHECKS } from './live-dates.ts'
import { SERVED_FILE_CHECKS } from './live-files.ts'
import { PROCESS_CHECKS } from './live-processes.ts'
import { REACH_CHECKS } from './live-reach.ts'

export const LIVE_CHECKS: readonly Check[] = [
  ...SERVED_FILE_CHECKS,
  ...SERVED_DATE_CHECKS,
  ...PROCESS_CHECKS,
  ...REACH_CHECKS,
]
