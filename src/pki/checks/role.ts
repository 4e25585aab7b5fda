/** Whether each certificate is what its place needs: subject, usages, names, and a CA of its own. */
import type { Check } from './check.ts'
import { AUTHORITY_CHECKS } from './role-authority.ts'
import { LINT_CHECKS } from './role-lint.ts'
import { NAME_CHECKS } from './role-names.ts'
import { SUBJECT_CHECKS } from './role-subject.ts'
import { USAGE_CHECKS } from './role-usage.ts'

export const ROLE_CHECKS: readonly Check[] = [
  ...SUBJECT_CHECKS,
  ...USAGE_CHECKS,
  ...NAME_CHECKS,
  ...LINT_CHECKS,
  ...AUTHORITY_CHECKS,
]
