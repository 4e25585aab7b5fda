/** A control plane that signs certificates: etcd, the API server and the controller-manager on what kubepki made. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import { expect } from 'vitest'
import { BOOTSTRAPS } from './bootstrap.ts'
import { startControllerManager } from './components.ts'
import {
  controlPlaneConfiguration,
  type Flags,
  freePort,
  kubectl,
  type Server,
  startApiServer,
  startEtcd,
} from './control-plane.ts'
import { configFile, type Ran } from './kubeadm.ts'

export interface SigningCluster {
  readonly root: string
  readonly port: number
  readonly kubeconfig: (name: string) => string
  readonly as: (kubeconfig: string, ...args: string[]) => Promise<Ran>
  /** The output of a call that must succeed. */
  readonly asAdmin: (...args: string[]) => Promise<string>
  /** The API server away and back again, `meanwhile` in between. */
  readonly restartApiServer: (meanwhile?: () => Promise<void>) => Promise<void>
  /** Another controller-manager in the place of this one. */
  readonly signWith: (flags: Flags | undefined) => Promise<void>
  readonly stop: () => Promise<void>
}

/** One that cannot renew its lease ends, and the API server is away for longer than it would wait. */
const PATIENT: Flags = { 'leader-elect-lease-duration': '120s', 'leader-elect-renew-deadline': '100s' }

export async function startSigningCluster(root: string, signing: Flags | undefined): Promise<SigningCluster> {
  const [first] = BOOTSTRAPS
  if (!first) throw new Error('no bootstrap')
  const port = await freePort()
  mkdirSync(root)
  writeFileSync(configFile(root), controlPlaneConfiguration(port))
  await first.make(root)
  const etcd = await startEtcd(root, join(root, 'etcd'))
  let apiServer: Server = await startApiServer(root, port, etcd.port)
  let manager: Server | undefined
  const as = (kubeconfig: string, ...args: string[]) =>
    kubectl(root, relative(join(root, 'etc/kubernetes'), inTree(kubeconfig)), port, ...args)
  const inTree = (name: string) => (isAbsolute(name) ? name : join(root, 'etc/kubernetes', name))
  const signWith = async (flags: Flags | undefined) => {
    await manager?.stop()
    manager = undefined
    if (!flags) return
    await as('admin.conf', 'delete', 'lease', 'kube-controller-manager', '--namespace=kube-system')
    manager = await startControllerManager(root, port, true, { ...PATIENT, ...flags })
  }
  await signWith(signing)
  return {
    ...{ root, port, as, signWith },
    kubeconfig: name => join(root, 'etc/kubernetes', name),
    asAdmin: async (...args) => {
      const { stdout, stderr, exitCode } = await as('admin.conf', ...args)
      expect(exitCode, stderr).toBe(0)
      return stdout
    },
    restartApiServer: async (meanwhile = async () => undefined) => {
      await apiServer.stop()
      await meanwhile()
      apiServer = await startApiServer(root, port, etcd.port)
    },
    stop: async () => {
      for (const server of [manager, apiServer, etcd]) await server?.stop()
    },
  }
}
