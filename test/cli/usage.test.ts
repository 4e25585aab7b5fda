import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../src/errors.ts'
import { kubepki } from '../support/host.ts'
import { fixture } from '../support/node.ts'

const ROOT = ['--root', fixture('nodes/stock-1.31')]

describe('help', () => {
  it.each([
    [[], 'certs'],
    [['--help'], 'certs'],
    [['certs', '--help'], 'check-expiration'],
    [['certs', 'renew', '--help'], 'kubepki certs renew all'],
    [['certs', 'check-expiration', '-h'], '--within'],
  ])('%j', async (argv, wanted) => {
    const { stdout, stderr, exitCode } = await kubepki(...argv)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(stdout).toContain(wanted)
    expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(110)
  })

  it('--version', async () => {
    expect(await kubepki('--version')).toMatchObject({
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+ \(commit .+, .+\)\n$/),
      exitCode: 0,
    })
  })
})

/** argv, what the error says, what the hint says. */
const WRONG: readonly [string[], string, string?][] = [
  [
    ['certs'],
    'missing subcommand; "certs" is not meant to be run on its own',
    'kubepki certs check-expiration',
  ],
  [['certs', 'renw'], 'no command is named "certs renw"', 'did you mean kubepki certs renew?'],
  [
    ['certs', 'request', ...ROOT],
    'no command is named "certs request"',
    'did you mean kubepki certs requests?',
  ],
  [
    ['check-expiration'],
    'no command is named "check-expiration"',
    'did you mean kubepki certs check-expiration?',
  ],
  [['certs', 'frobnicate'], 'no command is named "certs frobnicate"', 'the commands: '],
  [['init', 'phase', 'cert', 'all'], 'no command is named', 'did you mean kubepki init phase certs?'],
  [['init'], 'missing subcommand; "init" is not meant to be run on its own', 'kubepki init phase certs'],
  [['init', 'phase'], 'missing subcommand; "phase" is not meant', 'kubepki init phase kubeconfig'],
  [['init', 'phase', 'certs', ...ROOT], 'wanted all | NAME..., found nothing'],
  [
    ['init', 'phase', 'certs', 'apisever', ...ROOT],
    'nothing here is named "apisever"',
    'did you mean apiserver?',
  ],
  [['init', 'phase', 'certs', 'all', 'ca', ...ROOT], 'wanted "all" or names, found both'],
  ...[
    ['--service-cidr', '10.0.0.0/40', 'a CIDR, or one of IPv4 and one of IPv6 with a comma'],
    ['--service-cidr', '10.0.0.0/8', '/12 to /28 for IPv4'],
    ['--apiserver-cert-extra-sans', 'a_b', 'DNS names and IP addresses'],
    ['--apiserver-cert-extra-sans', 'DNS:a', 'DNS names and IP addresses'],
    ['--control-plane-endpoint', 'cp.example:0', 'an IP address or a DNS name, and perhaps a port'],
    ['--control-plane-endpoint', 'bad!!.example', 'an IP address or a DNS name, and perhaps a port'],
    ['--apiserver-bind-port', '0', 'a port from 1 to 65535'],
    ['--apiserver-bind-port', '0x50', 'a port from 1 to 65535'],
    ['--kubernetes-version', 'latest', 'a version such as v1.31.2'],
    ['--apiserver-advertise-address', '127.0.0.1', 'an IP address that others can reach'],
    ['--service-dns-domain', 'A.b', 'a DNS subdomain'],
    ['--node-name', 'a_b', 'a DNS subdomain'],
  ].map(([flag = '', value = '', wanted]): [string[], string] => [
    ['init', 'phase', 'certs', 'all', flag, value, ...ROOT],
    `${flag} wants ${wanted}, found "${value}"`,
  ]),
  [['kubeconfig', 'user', ...ROOT], 'wanted --client-name, found nothing'],
  [['kubeconfig', 'user', '--client-name', '', ...ROOT], '--client-name wants text, found ""'],
  [
    ['kubeconfig', 'user', '--client-name', 'a', '--token', 't', '--org', 'o', ...ROOT],
    '--token makes no certificate',
  ],
  [['certs', 'certificate-key', 'x'], 'unknown flag or argument "x"'],
  [['certs', 'renew', 'bogus', ...ROOT], 'no certificate is named "bogus"', 'all of them: '],
  [
    ['certs', 'renew', 'all', '--dry-runs', ...ROOT],
    'unknown flag or argument "dry-runs"',
    'kubepki certs renew --help',
  ],
  [['certs', 'renew'], 'wanted all | NAME..., found nothing', 'all'],
  [['certs', 'renew', 'apiservr', ...ROOT], 'no certificate is named "apiservr"', 'did you mean apiserver?'],
  [
    ['certs', 'renew', 'etcd/server', ...ROOT],
    'no certificate is named "etcd/server"',
    'did you mean etcd-server?',
  ],
  [
    ['certs', 'renew', 'ca', ...ROOT],
    'ca is a CA: neither renewed nor requested this way',
    'its certificates: apiserver, apiserver-kubelet-client, admin.conf',
  ],
  [['certs', 'renew', 'etcd-ca', '--csr-only', ...ROOT], 'etcd-ca is a CA', 'etcd-server'],
  [['certs', 'renew', 'kubelet.conf', ...ROOT], 'kubelet.conf belongs to the kubelet', 'once it has expired'],
  [['certs', 'renew', 'all', 'apiserver', ...ROOT], 'wanted "all" or names, found both'],
  [['certs', 'requests', '--archive', '-', ...ROOT], '--archive wants a file, found "-"', 'requests.tar'],
  [['certs', 'requests', '--csr-dir', '/etc', 'x', ...ROOT], 'unknown flag or argument "x"'],
  [
    ['certs', 'renew', 'all', '--validty', '1y', ...ROOT],
    'unknown flag or argument "validty"',
    'did you mean --validity?',
  ],
  [['certs', 'renew', 'all', '--validity', '1w', ...ROOT], '--validity wants a duration, found "1w"', '30d'],
  [['certs', 'renew', 'all', '--validity', '0s', ...ROOT], '--validity wants a duration, found "0s"', '30d'],
  [['certs', 'renew', 'all', '--csr-only=yes', ...ROOT], '--csr-only wants true or false, found "yes"'],
  [
    ['certs', 'renew', 'all', '--encryption-algorithm', 'DSA', ...ROOT],
    '--encryption-algorithm wants one of',
  ],
  [['certs', 'check-expiration', 'apiserver', ...ROOT], 'unknown flag or argument "apiserver"'],
  [
    ['certs', 'check-expiration', '-o', 'xml', ...ROOT],
    '--output wants one of "text", "wide", "json", "yaml", "prometheus", "html", found "xml"',
  ],
  [['certs', 'check-expiration', '--within', '', ...ROOT], '--within wants a duration, found ""', '30d'],
  [
    ['certs', 'check-expiration', '--now', 'tomorrow', ...ROOT],
    '--now wants an RFC 3339 time, found "tomorrow"',
    '2026',
  ],
  [['certs', 'check-expiration', '--now', '2026-13-01T00:00:00Z', ...ROOT], '--now wants an RFC 3339 time'],
  [['certs', 'check-expiration', '--root'], '--root wants a value, found nothing'],
  [['certs', 'check-expiration', '--root', '--verbose'], '--root wants a value, found nothing'],
  [['certs', 'check-expiration', '--root='], '--root wants a path, found nothing'],
]

describe('wrong use ends with 2, one line and nothing on stdout', () => {
  it.each(WRONG)('%j', async (argv, error, hint) => {
    const { stdout, stderr, exitCode } = await kubepki(...argv)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    const [first, second, ...rest] = stderr.trimEnd().split('\n')
    expect(first).toContain(`kubepki: error: ${error}`)
    if (hint !== undefined)
      expect(second).toMatch(new RegExp(`^kubepki: hint: .*${hint.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`))
    expect(rest).toEqual([])
  })
})

it('lets the last of a repeated flag win', async () => {
  const { exitCode } = await kubepki(
    'certs',
    'check-expiration',
    '--within',
    '10y',
    '--within',
    '1d',
    ...ROOT,
  )
  expect(exitCode).toBe(0)
})

it('keeps every error code an upper-case word with an exit code', () => {
  for (const [code, exitCode] of Object.entries(ERRORS)) {
    expect(code).toMatch(/^[A-Z_]+$/)
    expect([1, 2]).toContain(exitCode)
  }
})

it('lists every error code in the README, with its exit code', () => {
  const readme = readFileSync(fixture('../README.md'), 'utf8')
  for (const [code, exitCode] of Object.entries(ERRORS)) {
    expect(readme, code).toMatch(new RegExp(`^\\| [^|]*\`${code}\`[^|]* \\| ${exitCode} \\|$`, 'm'))
  }
})
