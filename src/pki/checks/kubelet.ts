/** The kubelet's own files: it renews its certificates itself, and these tell whether it can. */
import type { Check } from './check.ts'
import { KUBELET_CLIENT_CHECKS } from './kubelet-client.ts'
import { KUBELET_CONF_CHECKS } from './kubelet-conf.ts'
import { KUBELET_CONFIGURATION_CHECKS } from './kubelet-configuration.ts'
import { KUBELET_IDENTITY_CHECKS } from './kubelet-identity.ts'
import { KUBELET_LINK_CHECKS } from './kubelet-links.ts'
import { KUBELET_SERVING_CHECKS } from './kubelet-serving.ts'

export const KUBELET_CHECKS: readonly Check[] = [
  ...KUBELET_CLIENT_CHECKS,
  ...KUBELET_CONF_CHECKS,
  ...KUBELET_LINK_CHECKS,
  ...KUBELET_IDENTITY_CHECKS,
  ...KUBELET_SERVING_CHECKS,
  ...KUBELET_CONFIGURATION_CHECKS,
]
