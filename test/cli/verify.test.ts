import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/kubernetes/yaml.ts'
import { GROUPS } from '../../src/pki/checks/check.ts'
import { NEEDS } from '../../src/pki/checks/needs.ts'
import { CHECKS } from '../../src/pki/checks.ts'
import type { Finding } from '../../src/pki/finding.ts'
import { COMMAND, kubepki, NOW } from '../support/host.ts'
import { copyNode, fingerprint, tempDir } from '../support/node.ts'
import { fileOf, newKey, PKI, pairFor, TREE } from '../support/rows.ts'
import { verify } from '../support/verify.ts'

const broken = () =>
  copyNode(TREE, { [`${fileOf('apiserver')}.key`]: newKey(), [`${PKI}/etcd/peer.crt`]: 'x' })
const warned = () => copyNode(TREE, pairFor('apiserver', { days: 30 }))

describe('certs verify NAME', () => {
  it('looks at the rows named alone', async () => {
    const root = broken()
    const namesIn = async (...names: string[]) => {
      const { findings } = await verify(root, ...names)
      return [...new Set(findings.filter(({ severity }) => severity === 'error').map(one => one.certificate))]
    }
    expect(await namesIn()).toEqual(expect.arrayContaining(['apiserver', 'etcd-peer']))
    expect(await namesIn('apiserver')).toEqual(['apiserver'])
    expect(await namesIn('etcd-peer', 'ca')).toEqual(['etcd-peer'])
    expect(await namesIn('front-proxy-ca')).toEqual([])
  })

  it('takes rows of every kind, and the kubeconfigs that were named', async () => {
    const root = copyNode(TREE)
    const copy = join(root, 'etc/kubernetes/admin.conf')
    for (const name of [
      'etcd-ca',
      'super-admin.conf',
      'kubelet.conf',
      'kubelet-client-current.pem',
      'kubelet.crt',
    ])
      expect(await verify(root, name)).toMatchObject({ exitCode: 0 })
    expect(await verify(root, copy, '--kubeconfig', copy)).toMatchObject({ exitCode: 0 })
  })

  it.each([
    ['apisever', 'did you mean apiserver? all of them: ca, apiserver,'],
    ['etcd/server', 'did you mean etcd-server? '],
    ['nothing-like-it', 'all of them: ca, '],
    ['all', 'all of them: ca, '],
  ])('%s is none: exit code 2', async (name, hint) => {
    const { stdout, stderr, exitCode } = await kubepki('certs', 'verify', name, '--root', copyNode(TREE))
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    expect(stderr).toContain(`kubepki: error: no certificate is named "${name}"`)
    expect(stderr).toContain(hint)
  })
})

describe('exit codes', () => {
  it.each([
    ['nothing graver than a note', () => copyNode(TREE), [0, 0]],
    ['a warning', warned, [0, 3]],
    ['an error', broken, [3, 3]],
  ] as const)('%s', async (_, tree, [usual, strict]) => {
    const root = tree()
    expect(await verify(root)).toMatchObject({ exitCode: usual })
    expect(await verify(root, '--fail-on', 'warning')).toMatchObject({ exitCode: strict })
  })

  it('count what was asked for alone', async () => {
    expect(await verify(broken(), 'front-proxy-client')).toMatchObject({ exitCode: 0 })
  })

  it('no certificate anywhere: 1, and nothing on stdout', async () => {
    const outcome = await kubepki('certs', 'verify', '--root', tempDir(), '-o', 'json')
    expect(outcome).toMatchObject({ stdout: '', exitCode: 1 })
    expect(outcome.stderr).toContain('no certificate found')
  })

  it('wrong use: 2', async () => {
    for (const flags of [
      ['--fail-on', 'info'],
      ['--within', 'soon'],
      ['-o', 'nothing'],
      ['--max-validity', '0s'],
    ])
      expect(
        await kubepki('certs', 'verify', ...flags, '--root', copyNode(TREE)),
        flags.join(' '),
      ).toMatchObject({
        stdout: '',
        exitCode: 2,
      })
  })

  it('a kubeconfig that is not there is a finding', async () => {
    const file = join(tempDir(), 'config')
    const { findings, exitCode } = await verify(copyNode(TREE), '--kubeconfig', file)
    expect(exitCode).toBe(3)
    expect(findings).toContainEqual(
      expect.objectContaining({ certificate: file, file, found: 'no such file' }),
    )
  })
})

describe('-o', () => {
  it('json: a document, its fields in order', async () => {
    const { stdout, exitCode } = await kubepki('certs', 'verify', '--root', broken(), '-o', 'json')
    const document = JSON.parse(stdout) as { findings: Finding[]; notLookedAt: object[] }
    expect(exitCode).toBe(3)
    expect(document).toMatchObject({ kind: 'VerificationReport', apiVersion: 'kubepki/v1' })
    expect(document.findings.length).toBeGreaterThan(1)
    for (const finding of document.findings) {
      expect(Object.keys(finding)).toEqual([
        'code',
        'severity',
        'certificate',
        'file',
        'expected',
        'found',
        'impact',
        'remedy',
      ])
      for (const value of Object.values(finding)) expect(value).toEqual(expect.stringMatching(/./))
    }
    const severities = document.findings.map(({ severity }) => ['error', 'warning', 'info'].indexOf(severity))
    expect(severities).toEqual(severities.toSorted())
    expect(document.notLookedAt.length).toBeGreaterThan(0)
  })

  it('yaml: the same document', async () => {
    const root = broken()
    const [json, yaml] = await Promise.all(
      ['json', 'yaml'].map(format => kubepki('certs', 'verify', '--root', root, '-o', format)),
    )
    expect(parseYaml(yaml?.stdout ?? '')).toEqual({ documents: [JSON.parse(json?.stdout ?? '')] })
  })
})

it.each([['doctor'], ['certs doctor'], ['certificates doctor'], ['certificates verify']])(
  '%s is an alias',
  async words => {
    const root = broken()
    const run = (command: string) => kubepki(...command.split(' '), '--root', root, '-o', 'json')
    expect(await run(words)).toEqual(await run('certs verify'))
  },
)

it('nothing on the disk changes', async () => {
  for (const root of [broken(), copyNode('external-ca'), copyNode('expired')]) {
    const before = fingerprint(root)
    await verify(root, '--kubeconfig', join(root, 'etc/kubernetes/admin.conf'))
    await kubepki('certs', 'verify', '--root', root)
    expect(fingerprint(root)).toEqual(before)
  }
})

describe('not looked at', () => {
  it('other nodes and the cluster, always', async () => {
    const { notLookedAt } = await verify(copyNode(TREE))
    expect(notLookedAt.map(({ what }) => what)).toEqual(expect.arrayContaining(['the other nodes']))
  })

  it('etcd elsewhere, whose client certificate is no row', async () => {
    const { notLookedAt } = await verify(copyNode('external-etcd'))
    const [etcd] = notLookedAt.filter(({ what }) => what.startsWith('etcd'))
    expect(etcd).toMatchObject({ remedy: 'openssl x509 -noout -enddate -in /etc/etcd-client/client.crt' })
    const { notLookedAt: local } = await verify(copyNode(TREE))
    expect(local.filter(({ what }) => what.startsWith('etcd'))).toEqual([])
  })

  it.skipIf(process.getuid?.() !== 0)(
    'as another user than root: what may not be read is named, the rest is judged',
    () => {
      const root = copyNode(TREE, pairFor('apiserver', { days: 5 }))
      chmodSync(root, 0o755)
      chmodSync(join(root, `${fileOf('apiserver')}.key`), 0o600)
      const look = (...flags: string[]) => {
        const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups']
        const words = ['certs', 'verify', '--root', root, '--now', NOW.toISOString(), '-o', 'json', ...flags]
        return spawnSync('setpriv', [...user, ...COMMAND, ...words], { encoding: 'utf8' })
      }
      const { status, stdout, stderr } = look()
      expect(status, stderr).toBe(3)
      const { findings, notLookedAt } = JSON.parse(stdout) as {
        findings: Finding[]
        notLookedAt: { what: string; why: string; remedy: string }[]
      }
      const errors = findings.filter(({ severity }) => severity === 'error')
      expect(errors.map(({ code, certificate }) => `${code} ${certificate}`)).toEqual([
        'CERTIFICATE_EXPIRED apiserver',
      ])
      const why = (what: string) => notLookedAt.find(one => one.what === what)
      expect(why('the certificates')?.why).toMatch(/^no permission to read: .*admin\.conf/)
      expect(why('the private keys')?.why).toMatch(/^no permission to read: ca, apiserver, /)
      expect(why('the private keys')?.remedy).toBe(`sudo kubepki certs verify --root ${root}`)
      expect(look('front-proxy-ca').status).toBe(0)
    },
  )
})

describe('certs checks', () => {
  it('lists every check once, with what it needs and what to do', async () => {
    const { stdout, exitCode } = await kubepki('certs', 'checks', '-o', 'json')
    const { checks } = JSON.parse(stdout) as { checks: (typeof CHECKS)[number][] }
    expect(exitCode).toBe(0)
    expect(checks.map(({ code }) => code)).toEqual(CHECKS.map(({ code }) => code))
    expect(new Set(checks.map(({ code }) => code)).size).toBe(checks.length)
    for (const { code, title, needs, remedy, group } of checks) {
      expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/)
      expect(title, code).toMatch(/^\S.{10,}/)
      expect(title, code).not.toMatch(/\.$/)
      expect(remedy, code).not.toBe('')
      expect(needs.length, code).toBeGreaterThan(0)
      expect(
        needs.every(need => need in NEEDS),
        code,
      ).toBe(true)
      expect(Object.keys(GROUPS), code).toContain(group)
    }
  })

  it('in text: one line each', async () => {
    const { stdout } = await kubepki('certs', 'checks')
    for (const { code } of CHECKS) expect(stdout.match(new RegExp(`^${code} `, 'gm')), code).toHaveLength(1)
  })
})
