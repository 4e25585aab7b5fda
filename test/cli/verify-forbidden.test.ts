/** `certs verify` as another user than root, process and all: what may not be read is named, and nothing is guessed of it. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/pki/finding.ts'
import { COMMAND, kubepki } from '../support/host.ts'
import { copyNode, readFixture } from '../support/node.ts'

const K = 'etc/kubernetes'
const MANIFESTS = `${K}/manifests`
const CSR = `${K}/pki/csr`
const NOW = ['--now', '2026-12-01T00:00:00Z']
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']
const canBecomeNobody = spawnSync('setpriv', [...NOBODY, 'true']).status === 0
if (!canBecomeNobody) console.log('verify as nobody skipped: it needs root and setpriv')

interface Seen {
  readonly findings: readonly Finding[]
  readonly notLookedAt: readonly { readonly what: string; readonly why: string; readonly remedy: string }[]
}

/** All may be read but what `shut` names. */
function asNobody(root: string, shut: Readonly<Record<string, number>>) {
  chmodSync(root, 0o755)
  chmodSync(join(root, MANIFESTS), 0o755)
  for (const name of readdirSync(join(root, MANIFESTS))) chmodSync(join(root, MANIFESTS, name), 0o644)
  for (const [file, mode] of Object.entries(shut)) chmodSync(join(root, file), mode)
  const argv = [...COMMAND, 'certs', 'verify', '--root', root, ...NOW, '-o', 'json']
  const { status, stdout, stderr } = spawnSync('setpriv', [...NOBODY, ...argv], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  const { findings, notLookedAt } = JSON.parse(stdout) as Seen
  return {
    codes: findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code),
    row: (name: string) => notLookedAt.find(({ what }) => what === name),
  }
}

const denied = (root: string, ...files: string[]) => ({
  why: `no permission to read: ${files.map(file => join(root, file)).join(', ')}`,
  remedy: `sudo kubepki certs verify --root ${root}`,
})

describe.runIf(canBecomeNobody)('certs verify as another user', () => {
  it('the directory of the manifests', () => {
    const root = copyNode('stock-1.31')
    const { row, codes } = asNobody(root, { [MANIFESTS]: 0o700 })
    expect(row('the static-pod manifests')).toMatchObject(denied(root, MANIFESTS))
    expect(codes).toEqual([])
  })

  it('one manifest of several', () => {
    const root = copyNode('stock-1.31')
    const one = `${MANIFESTS}/kube-scheduler.yaml`
    const { row, codes } = asNobody(root, { [one]: 0o600 })
    expect(row('the static-pod manifests')).toMatchObject(denied(root, one))
    expect(codes).toEqual([])
  })

  it('a file that a manifest names, of no row', () => {
    const manifest = `${MANIFESTS}/kube-apiserver.yaml`
    const named = readFixture('nodes/stock-1.31', manifest).replace(
      /^( *- )--client-ca-file=.*$/m,
      '$&\n$1--kubelet-certificate-authority=/etc/kubernetes/pki/kubelets.crt',
    )
    const ca = readFixture('nodes/stock-1.31', `${K}/pki/ca.crt`)
    const root = copyNode('stock-1.31', { [manifest]: named, [`${K}/pki/kubelets.crt`]: ca })
    const { row } = asNobody(root, { [`${K}/pki/kubelets.crt`]: 0o600 })
    expect(row('the files that the manifests name')).toMatchObject(denied(root, `${K}/pki/kubelets.crt`))
    expect(
      asNobody(root, { [`${K}/pki/kubelets.crt`]: 0o644 }).row('the files that the manifests name'),
    ).toBe(undefined)
  })

  it("the kubelet's configuration, and what it names", () => {
    const file = 'var/lib/kubelet/config.yaml'
    const root = copyNode('stock-1.31')
    const { row } = asNobody(root, { [file]: 0o600 })
    expect(row("the kubelet's configuration")).toMatchObject(denied(root, file))
    const other = readFixture('nodes/stock-1.31', file).replace(
      /clientCAFile:.*/,
      'clientCAFile: /etc/kubernetes/kubelet-ca.crt',
    )
    const named = copyNode('stock-1.31', { [file]: other, [`${K}/kubelet-ca.crt`]: 'x' })
    const seen = asNobody(named, { [`${K}/kubelet-ca.crt`]: 0o600 })
    expect(seen.row("the kubelet's configuration")).toMatchObject(denied(named, `${K}/kubelet-ca.crt`))
  })

  it('the key of the service accounts', () => {
    const root = copyNode('stock-1.31')
    const { row } = asNobody(root, { [`${K}/pki/sa.pub`]: 0o644 })
    expect(row('the private keys')?.why).toMatch(/, sa$/)
  })

  it('the modes of what lies in a shut directory', () => {
    const root = copyNode('stock-1.31')
    const { row } = asNobody(root, { 'var/lib/kubelet/pki': 0o700 })
    expect(row('the modes and owners of files')).toMatchObject({
      why: expect.stringContaining(join(root, 'var/lib/kubelet/pki/kubelet.key')),
      remedy: `sudo kubepki certs verify --root ${root}`,
    })
  })

  it('requests to an external CA: their directory, or they themselves', async () => {
    const root = copyNode('external-ca')
    const { exitCode } = await kubepki(
      ...['certs', 'renew', 'apiserver', '--csr-only', '--root', root],
      ...NOW,
    )
    expect(exitCode).toBe(0)
    const shut = asNobody(root, {})
    expect(shut.row('the requests to an external CA')).toMatchObject(denied(root, CSR))
    expect(shut.codes).toEqual([])
    const open = asNobody(root, { [CSR]: 0o755 })
    expect(open.row('the requests to an external CA')).toMatchObject(denied(root, `${CSR}/apiserver.csr`))
    expect(open.codes).toEqual([])
    for (const file of readdirSync(join(root, CSR))) chmodSync(join(root, CSR, file), 0o644)
    expect(asNobody(root, {}).row('the requests to an external CA')).toBe(undefined)
  })

  it('jobs that stopped half-way', () => {
    const root = copyNode('stock-1.31')
    const store = `${K}/kubepki-backups`
    expect(asNobody(root, {}).row('jobs of kubepki that stopped half-way')).toBe(undefined)
    mkdirSync(join(root, store))
    const { row } = asNobody(root, { [store]: 0o700 })
    expect(row('jobs of kubepki that stopped half-way')).toMatchObject(denied(root, store))
  })
})
