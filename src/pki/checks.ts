/** Every check of `certs verify`, in the order of its list. */

import { AUTHORITY_CHECKS } from './checks/authorities.ts'
import { BUNDLE_CHECKS } from './checks/bundles.ts'
import type { Check } from './checks/check.ts'
import { CRYPTO_CHECKS } from './checks/crypto.ts'
import { FILE_CHECKS } from './checks/files.ts'
import { ISSUER_CHECKS } from './checks/issuers.ts'
import { KUBECONFIG_CHECKS } from './checks/kubeconfigs.ts'
import { KUBELET_CHECKS } from './checks/kubelet.ts'
import { JOB_CHECKS } from './checks/leftovers.ts'
import { LIVE_CHECKS } from './checks/live.ts'
import { MANIFEST_CHECKS } from './checks/manifests.ts'
import { MISNAMED_CHECKS } from './checks/misnamed.ts'
import { MISPLACED_CHECKS } from './checks/misplaced.ts'
import { PAIR_CHECKS } from './checks/pairs.ts'
import { PATH_CHECKS } from './checks/paths.ts'
import { REQUEST_CHECKS } from './checks/requests.ts'
import { ROLE_CHECKS } from './checks/role.ts'
import { SERIAL_CHECKS } from './checks/serials.ts'
import { TIME_CHECKS } from './checks/time.ts'

export const CHECKS: readonly Check[] = [
  ...JOB_CHECKS,
  ...TIME_CHECKS,
  ...MISPLACED_CHECKS,
  ...MISNAMED_CHECKS,
  ...PAIR_CHECKS,
  ...PATH_CHECKS,
  ...ISSUER_CHECKS,
  ...BUNDLE_CHECKS,
  ...ROLE_CHECKS,
  ...KUBECONFIG_CHECKS,
  ...KUBELET_CHECKS,
  ...FILE_CHECKS,
  ...CRYPTO_CHECKS,
  ...SERIAL_CHECKS,
  ...AUTHORITY_CHECKS,
  ...MANIFEST_CHECKS,
  ...REQUEST_CHECKS,
  ...LIVE_CHECKS,
]
