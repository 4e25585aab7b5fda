/** The real Kubernetes binaries, from $KUBEBUILDER_ASSETS. Without them the suite says so; in CI that is an error. */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

export const BINARIES = [
  'kubeadm',
  'kube-apiserver',
  'kube-controller-manager',
  'kubelet',
  'kubectl',
  'etcd',
  'etcdctl',
] as const
export type Binary = (typeof BINARIES)[number]

export function binary(name: Binary): string {
  return join(process.env.KUBEBUILDER_ASSETS ?? '', name)
}

const HOW = `set KUBEBUILDER_ASSETS to a folder with ${BINARIES.join(', ')} (Kubernetes 1.20 or later, as setup-envtest lays it out)`

/** vitest's global set-up: ends the run before the first test. */
export default function checkAssets(): void {
  const missing = BINARIES.filter(name => !isExecutable(binary(name)))
  if (missing.length === 0) return
  if (process.env.CI) throw new Error(`missing: ${missing.join(', ')}; ${HOW}`)
  console.log(`end-to-end tests not run: missing ${missing.join(', ')}\n${HOW}`)
  process.exit(0)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
