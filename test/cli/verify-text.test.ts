/** `certs verify` as people read it: what the first line counts, and what is said once. */
import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { renderFindings } from '../../src/report/findings.ts'
import { COMMAND, kubepki } from '../support/host.ts'
import { copyNode, readFixture, tempDir } from '../support/node.ts'
import { verify } from '../support/verify.ts'

const K = 'etc/kubernetes'
const text = async (root: string, ...args: string[]) =>
  (await kubepki('certs', 'verify', '--root', root, ...args)).stdout

describe('findings', () => {
  it('of one row say their renewal once', () => {
    const one = { code: 'SAN_MISSING', severity: 'error', certificate: 'apiserver', file: '/a' } as const
    const said = { expected: 'e', impact: 'i', remedy: 'kubepki certs renew apiserver' }
    const lines = renderFindings([
      { ...one, ...said, found: 'f' },
      { ...one, ...said, found: 'g' },
    ]).split('\n')
    expect(lines.filter(line => line.includes('remedy'))).toEqual([
      '  remedy    kubepki certs renew apiserver',
    ])
  })

  it('are no wider than a terminal, and whole for a pipe', () => {
    const words = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ')
    const said = { found: words, expected: 'e', impact: words, remedy: words }
    const finding = { code: 'SAN_MISSING', certificate: 'apiserver', file: '/a', ...said } as const
    const findings = [
      { ...finding, severity: 'error' },
      { ...finding, severity: 'info' },
    ] as const
    const lines = renderFindings(findings, { columns: 60, hasColour: false }).split('\n')
    const long = lines.filter(line => line.length > 60)
    expect(long).toEqual([`    remedy    ${words}`])
    expect(lines).toContain(`    found     ${words.split(' ').slice(0, 7).join(' ')}`)
    expect(lines.join(' ').replace(/\s+/g, ' ')).toContain(`SAN_MISSING apiserver: ${words}; ${words}`)
    expect(renderFindings(findings).split('\n')).toContain(`    found     ${words}`)
  })

  it('of what ends soon say what fails then', async () => {
    const { findings } = await verify(copyNode('stock-1.31'), '--within', '400d')
    const one = findings.find(({ certificate }) => certificate === 'apiserver')
    expect(one?.code).toBe('CERTIFICATE_EXPIRES_SOON')
    expect(one?.impact).toBe('then nothing can connect to the API server')
  })
})

describe('the first line', () => {
  it('says which rows alone were looked at', async () => {
    const root = copyNode('stock-1.31')
    expect(await text(root, 'apiserver', 'ca')).toMatch(/^of apiserver, ca: nothing needs you now/)
    expect(await text(root)).toMatch(/^nothing needs you now/)
    expect(await text(root, 'apiserver', '-o', 'html')).toContain('no finding needs you (of apiserver).')
  })

  const isNobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
  const canBeNobody = spawnSync('setpriv', [...isNobody, 'true']).status === 0

  it.runIf(canBeNobody)('says that not everything could be read', () => {
    const root = copyNode('stock-1.31')
    chmodSync(root, 0o755)
    const run = (...args: string[]) =>
      spawnSync('setpriv', [...isNobody, ...COMMAND, 'certs', 'verify', '--root', root, ...args], {
        encoding: 'utf8',
      }).stdout
    const now = ['--now', '2026-12-01T00:00:00Z']
    expect(run(...now)).toMatch(/^of what could be read: nothing needs you now/)
    expect(run('apiserver', ...now)).toMatch(/^of apiserver, as far as it could be read: nothing/)
    expect(run('-o', 'html', ...now)).toContain('(of what could be read).')
  })
})

describe('what is given as a copy of a kubeconfig', () => {
  const codes = async (name: string, contents: string) => {
    const file = join(tempDir(), name)
    writeFileSync(file, contents)
    chmodSync(file, 0o644)
    const { findings } = await verify(copyNode('stock-1.31'), '--kubeconfig', file)
    return findings.filter(({ certificate }) => certificate === file).map(({ code }) => code)
  }
  const KEY = /KEY_READABLE/

  it.each([
    ['a certificate', readFixture('nodes/stock-1.31', `${K}/pki/ca.crt`)],
    ['an empty one', 'apiVersion: v1\nkind: Config\nusers: []\ncontexts: []\nclusters: []\n'],
    ['nothing', ''],
  ])('has no key: %s', async (_, contents) => {
    expect((await codes('copy', contents)).join()).not.toMatch(KEY)
  })

  it.each([
    ['a kubeconfig', readFixture('nodes/stock-1.31', `${K}/admin.conf`)],
    [
      'one whose context is gone',
      readFixture('nodes/stock-1.31', `${K}/admin.conf`).replace(/current-context: .*/, ''),
    ],
    ['a key', readFixture('nodes/stock-1.31', `${K}/pki/ca.key`)],
    ['a token', 'kind: Config\nusers:\n- {name: a, user: {token: abc}}\n'],
  ])('has one: %s', async (_, contents) => {
    expect((await codes('copy', contents)).join()).toMatch(KEY)
  })
})
