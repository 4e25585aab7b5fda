import type { Check } from './check.ts'

export const CRYPTO_CHECKS: readonly Check[] = []
