import type { Check } from './check.ts'

export const LIVE_CHECKS: readonly Check[] = []
