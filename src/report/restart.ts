/** What to restart after a renewal, in words; kubeadm's closing line names all four whatever was changed. */
import type { RestartPlan, SelfReload } from '../pki/restart.ts'

/** What kubeadm's closing line names. */
const ALL_COMPONENTS = 4

/** One line each; none where the closing line says it all. */
export function restartHints({ restart, reloads }: RestartPlan, { isAll }: { isAll: boolean }): string[] {
  const components = [...new Set(restart.map(({ component }) => component))]
  const isLess = components.length > 0 && (!isAll || components.length < ALL_COMPONENTS)
  return [
    ...(isLess ? [`changed here: restart ${components.join(', ')}`] : []),
    ...(reloads.length > 0 ? [`take the new files up by themselves: ${reloads.map(inTime).join(', ')}`] : []),
  ]
}

function inTime({ component, version, within }: SelfReload): string {
  return `${component} ${version} ${within === 0 ? 'at its next connection' : `within ${duration(within)}`}`
}

function duration(seconds: number): string {
  return seconds === 60 ? 'a minute' : `${seconds / 60} minutes`
}
