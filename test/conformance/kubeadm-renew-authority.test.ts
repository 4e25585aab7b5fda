/** CAs out of the ordinary: what the real kubeadm 1.20 makes of them in a renewal, and what kubepki does. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kubepki, type Outcome } from '../support/host.ts'
import {
  CONFIGURATIONS,
  configFile,
  copyTree,
  kubeadm,
  kubeadmOutput,
  kubeadmTrees,
  leavesOf,
  outputOf,
  redate,
  remove,
} from '../support/kubeadm.ts'
import { fingerprint as allOf } from '../support/node.ts'
import { exceptBackups } from '../support/store.ts'

const fingerprint = (directory: string) => exceptBackups(allOf(directory))

const copyOf = kubeadmTrees({ ECDSA: CONFIGURATIONS.ECDSA })
const ALL = ['certs', 'renew', 'all']

function renewAll(root: string): Promise<Outcome> {
  return kubepki(...ALL, '--root', root, '--config', configFile(root), '--now', new Date().toISOString())
}

interface BadCa {
  /** Copies, from and to, in etc/kubernetes. */
  readonly files: readonly (readonly [string, string])[]
  /** Why kubeadm stops. */
  readonly kubeadms: RegExp
}

const BAD_CAS: Readonly<Record<string, BadCa>> = {
  'its key is another CA’s': {
    files: [['pki/etcd/ca.key', 'pki/ca.key']],
    kubeadms: /doesn't match parent's PublicKey/,
  },
  'its key is no key': { files: [['pki/ca.crt', 'pki/ca.key']], kubeadms: /failed to load key/ },
  'it is no CA': {
    files: [
      ['pki/apiserver.crt', 'pki/ca.crt'],
      ['pki/apiserver.key', 'pki/ca.key'],
    ],
    kubeadms: /is not a CA|not a certificate authority/,
  },
}

describe('a CA that cannot sign: kubeadm stops at its first certificate, kubepki leaves out its certificates', () => {
  test.each(Object.entries(BAD_CAS))('%s', async (_, { files, kubeadms }) => {
    const root = copyOf('ECDSA')
    for (const [from, to] of files)
      cpSync(join(root, 'etc/kubernetes', from), join(root, 'etc/kubernetes', to))
    const refused = await kubeadm(copyTree(root), ...ALL, '--config', configFile(root))
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toMatch(kubeadms)
    const before = fingerprint(root)
    const { exitCode, stderr } = await renewAll(root)
    expect(exitCode).toBe(1)
    const after = fingerprint(root)
    for (const { file, ca } of leavesOf(root)) {
      const path = join('etc/kubernetes', file)
      const both = [path, path.replace(/crt$/, 'key')]
      expect({ file, isRenewed: both.map(one => after[one] !== before[one]) }).toEqual({
        file,
        isRenewed: [ca !== 'ca', ca !== 'ca'],
      })
    }
    expect(stderr.match(/error: \S+ not renewed: /g)).toHaveLength(5)
  })
})

test('an external front-proxy CA: kubepki adds the request to kubeadm’s line', async () => {
  const root = copyOf('ECDSA')
  remove(root, ['pki/front-proxy-ca.key'])
  const stdout = await kubeadmOutput(copyTree(root), ...ALL, '--config', configFile(root))
  const [line] = /^Detected external front-proxy-ca, .*$/m.exec(stdout) ?? []
  const before = fingerprint(root)
  const outcome = await renewAll(root)
  const request = `${root}/etc/kubernetes/pki/csr/front-proxy-client.csr`
  expect(outcome.exitCode).toBe(0)
  expect(outcome.stdout).toContain(`${line}: request written to ${request}\n`)
  const client = 'etc/kubernetes/pki/front-proxy-client.crt'
  expect(fingerprint(root)[client]).toBe(before[client])
  await outputOf('openssl', ['req', '-verify', '-noout', '-in', request])
})

test('a CA that ends soon: kubeadm’s leaf outlives it, kubepki’s ends with it', async () => {
  const root = copyOf('ECDSA')
  const [from = new Date(), to = new Date()] = [-1, 30].map(days => new Date(Date.now() + days * 86_400_000))
  await redate(root, 'pki/front-proxy-ca.crt', 'front-proxy-ca', { from, to })
  const byKubeadm = copyTree(root)
  await kubeadmOutput(byKubeadm, ...ALL, '--config', configFile(root))
  const { exitCode, stderr } = await renewAll(root)
  expect(exitCode).toBe(0)
  expect(stderr).toContain('warning: front-proxy-client: ')
  const end = await notAfter(root, 'front-proxy-ca')
  expect(await notAfter(root, 'front-proxy-client')).toBe(end)
  expect(Date.parse(await notAfter(byKubeadm, 'front-proxy-client'))).toBeGreaterThan(Date.parse(end))
})

async function notAfter(root: string, base: string): Promise<string> {
  const file = join(root, 'etc/kubernetes/pki', `${base}.crt`)
  const text = await outputOf('openssl', ['x509', '-noout', '-enddate', '-dateopt', 'iso_8601', '-in', file])
  return text.replace('notAfter=', '').trim()
}
