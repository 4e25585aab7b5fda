import type { Check } from './check.ts'

export const ROLE_CHECKS: readonly Check[] = []
