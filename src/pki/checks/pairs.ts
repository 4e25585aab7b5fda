import type { Check } from './check.ts'

export const PAIR_CHECKS: readonly Check[] = []
