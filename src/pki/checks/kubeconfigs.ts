import type { Check } from './check.ts'

export const KUBECONFIG_CHECKS: readonly Check[] = []
