/** Static-pod manifests and the configuration, against what lies on the disk. */
import type { Check } from './check.ts'
import { COMPONENT_CHECKS } from './manifest-components.ts'
import { MANIFEST_FILE_CHECKS } from './manifest-files.ts'
import { MANIFEST_FLAG_CHECKS } from './manifest-flags.ts'
import { MANIFEST_SETTING_CHECKS } from './manifest-settings.ts'
import { MANIFEST_TRUST_CHECKS } from './manifest-trust.ts'

export const MANIFEST_CHECKS: readonly Check[] = [
  ...MANIFEST_FILE_CHECKS,
  ...MANIFEST_TRUST_CHECKS,
  ...MANIFEST_SETTING_CHECKS,
  ...MANIFEST_FLAG_CHECKS,
  ...COMPONENT_CHECKS,
]
