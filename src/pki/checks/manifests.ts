import type { Check } from './check.ts'

export const MANIFEST_CHECKS: readonly Check[] = []
