/** A false alarm is worse than silence: nothing graver than `info` on what kubeadm and kubepki make. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/pki/checks.ts'
import { kubepki } from '../support/host.ts'
import { initCerts, initKubeconfigs } from '../support/made.ts'
import { copyNode, fixture, tempDir } from '../support/node.ts'
import { codesIn, codesOf, verify } from '../support/verify.ts'

const SOUND = readdirSync(fixture('nodes')).filter(name => name !== 'expired')

describe('trees that are sound', () => {
  it.each(SOUND)('%s', async name => {
    const { findings, exitCode } = await verify(copyNode(name))
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([])
    expect(exitCode).toBe(0)
  })

  it('made by kubepki: certificates and kubeconfigs', async () => {
    const root = tempDir()
    expect(await initCerts(root, 'all')).toMatchObject({ exitCode: 0 })
    expect(await initKubeconfigs(root, 'all')).toMatchObject({ exitCode: 0 })
    expect(await codesOf(root)).toEqual([])
  })

  it.each(['stock-1.31', 'ecdsa', 'etcd-only'])('%s, all renewed', async name => {
    const root = copyNode(name)
    const { exitCode, stderr } = await kubepki('certs', 'renew', 'all', '--root', root)
    expect(exitCode, stderr).toBe(0)
    expect(await codesOf(root)).toEqual([])
  })

  it('a host with an external CA, its requests out', async () => {
    const root = copyNode('external-ca')
    await kubepki('certs', 'renew', 'all', '--csr-only', '--root', root)
    expect(await codesOf(root)).toEqual([])
  })
})

describe('a node that was off for a year', () => {
  const LEAVES = [
    ...[
      'admin.conf',
      'apiserver',
      'apiserver-etcd-client',
      'apiserver-kubelet-client',
      'controller-manager.conf',
    ],
    ...['etcd-healthcheck-client', 'etcd-peer', 'etcd-server', 'front-proxy-client', 'scheduler.conf'],
  ]
  const OURS = new Set(['time', 'pairs', 'crypto', 'requests'])

  it('H61: every leaf has expired, and no more than that', async () => {
    const { findings, exitCode } = await verify(copyNode('expired'))
    const ours = findings.filter(({ code }) =>
      OURS.has(CHECKS.find(check => check.code === code)?.group ?? ''),
    )
    const graver = ours.filter(({ severity }) => severity !== 'info')
    expect(codesIn(graver)).toEqual(LEAVES.map(name => `CERTIFICATE_EXPIRED ${name}`))
    expect(exitCode).toBe(3)
  })
})
