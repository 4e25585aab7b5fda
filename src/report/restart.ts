/** What to restart after a renewal, in words; kubeadm's closing line names all four whatever was changed. */
import type { Component } from '../inventory/catalog.ts'
import type { RestartPlan, SelfReload } from '../pki/restart.ts'

/** What kubeadm's closing line names. */
const ALL_COMPONENTS = 4

/** One line each; none where the closing line says it all. */
export function restartHints({ restart, reloads }: RestartPlan, { isAll }: { isAll: boolean }): string[] {
  const components = [...new Set(restart.map(({ component }) => component))]
  const isLess = components.length > 0 && (!isAll || components.length < ALL_COMPONENTS)
  return [
    ...(isLess ? [`changed here: restart ${components.map(howTo).join(', ')}`] : []),
    ...(reloads.length > 0 ? [`take the new files up by themselves: ${reloads.map(inTime).join(', ')}`] : []),
  ]
}

/** Static pods are restarted in many ways, the kubelet in one. */
function howTo(component: Component): string {
  return component === 'kubelet' ? 'kubelet (systemctl restart kubelet)' : component
}

function inTime({ component, version, within }: SelfReload): string {
  return `${component} ${version} ${within === 0 ? 'at its next connection' : `within ${duration(within)}`}`
}

function duration(seconds: number): string {
  return seconds === 60 ? 'a minute' : `${seconds / 60} minutes`
}
