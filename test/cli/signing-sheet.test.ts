/** The commands of SIGNING.md, taken out of it and run: what they make is what was asked for. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ManifestRequest, RequestManifest } from '../../src/pki/request-manifest.ts'
import { manifestRequest, newManifest } from '../../src/pki/request-manifest.ts'
import { renderSigningSheet } from '../../src/report/signing-sheet.ts'
import { tbsPartsOf } from '../../src/x509/der.ts'
import { generateKey } from '../../src/x509/key.ts'
import { createRequest } from '../../src/x509/request.ts'
import { readRequested } from '../../src/x509/requested.ts'
import { certificateIn, openssl } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import { NODE } from '../support/made.ts'
import { copyNode, fixture, tempDir } from '../support/node.ts'

const isAbsent = spawnSync('cfssl', ['version']).error !== undefined
if (isAbsent && process.env.CI) throw new Error('cfssl is not here: apt-get install golang-cfssl')
if (isAbsent) console.warn('cfssl is not here (apt-get install golang-cfssl): its commands are not run')

const PKI = 'etc/kubernetes/pki'
/** Of the CAs of the node whose CA is external, by the names that the sheet has for them. */
const AUTHORITIES: Readonly<Record<string, readonly [certificate: string, key: string]>> = {
  ca: [`${PKI}/ca.crt`, 'offline/ca.key'],
  'front-proxy-ca': [`${PKI}/front-proxy-ca.crt`, 'offline/front-proxy-ca.key'],
  'etcd-ca': [`${PKI}/etcd/ca.crt`, `${PKI}/etcd/ca.key`],
}

/** Of a section, its shell commands, with the CAs filled in as the reader does. */
function commandsOf(sheet: string, heading: string): string {
  const section = sheet.split('\n## ').find(part => part.startsWith(`${heading}\n`)) ?? ''
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)\n```$/gm)].map(([, block]) => block)
  return blocks
    .join('\n')
    .replaceAll(/^(CA_CERT|CA_KEY)=\/path\/to\/([\w-]+)\.(?:crt|key)$/gm, (_, variable, name) => {
      const file = AUTHORITIES[name]?.[variable === 'CA_CERT' ? 0 : 1] ?? ''
      return `${variable}='${fixture('nodes/external-ca', file)}'`
    })
}

const bash = (directory: string, script: string) =>
  execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: directory,
    encoding: 'utf8',
    stdio: 'pipe',
  })

const USAGES: Readonly<Record<string, string>> = {
  digitalSignature: 'Digital Signature',
  keyEncipherment: 'Key Encipherment',
  keyAgreement: 'Key Agreement',
  serverAuth: 'TLS Web Server Authentication',
  clientAuth: 'TLS Web Client Authentication',
}
const inWords = (usages: readonly string[]) => usages.map(usage => USAGES[usage] ?? usage).join(', ')

/** Name of an extension -> critical or not, and its value. */
function extensionsIn(text: string): Record<string, [critical: boolean, value: string]> {
  const found = [...text.matchAll(/X509v3 ([\w ]+): (critical)?\n\s+(.+)\n/g)]
  return Object.fromEntries(
    found.map(([, name, critical, value = '']) => [name, [critical !== undefined, value.trim()]]),
  )
}

/** openssl looks at a certificate, and at the request that it answers. */
function expectGranted(directory: string, row: ManifestRequest, label: string): void {
  const [certificate, csr] = [join(directory, `${label}.crt`), join(directory, row.file)]
  const x509 = (...args: string[]) => openssl(['x509', '-in', certificate, '-noout', ...args])
  expect(x509('-subject', '-nameopt', 'RFC2253')).toBe(
    openssl(['req', '-in', csr, '-noout', '-subject', '-nameopt', 'RFC2253']),
  )
  expect(x509('-pubkey')).toBe(openssl(['req', '-in', csr, '-noout', '-pubkey']))
  const extensions = extensionsIn(x509('-text'))
  const asked = extensionsIn(openssl(['req', '-in', csr, '-noout', '-text']))
  expect(extensions['Basic Constraints'], label).toEqual([true, 'CA:FALSE'])
  expect(extensions['Key Usage'], label).toEqual([true, inWords(row.keyUsage)])
  expect(extensions['Extended Key Usage'], label).toEqual([false, inWords(row.extKeyUsage)])
  const byName = ([, value]: [boolean, string] = [false, '']) => value.split(', ').toSorted()
  expect(byName(extensions['Subject Alternative Name']), label).toEqual(
    byName(asked['Subject Alternative Name']),
  )
  const [authority = ''] = AUTHORITIES[row.caName] ?? []
  openssl(['verify', '-x509_strict', '-CAfile', fixture('nodes/external-ca', authority), certificate])
  const [from = 0, to = 0] = x509('-dates')
    .split('\n')
    .map(line => Date.parse(line.replace(/.*=/, '')))
  const days = (to - from) / 86_400_000
  expect(days).toBeLessThanOrEqual(row.longestValidityDays + 0.01)
  expect(days).toBeGreaterThan(row.longestValidityDays - 0.01)
}

interface Unpacked {
  readonly directory: string
  readonly sheet: string
  readonly requests: readonly ManifestRequest[]
}

function unpacked(archive: string): Unpacked {
  const directory = tempDir()
  execFileSync('tar', ['xf', archive, '-C', directory, '--warning=no-timestamp'])
  const sheet = readFileSync(join(directory, 'SIGNING.md'), 'utf8')
  const { requests } = JSON.parse(readFileSync(join(directory, 'requests.json'), 'utf8')) as RequestManifest
  return { directory, sheet, requests }
}

async function renewed(): Promise<Unpacked> {
  const archive = join(tempDir(), 'out.tar')
  const root = copyNode('external-ca')
  const { exitCode, stderr } = await kubepki(
    'certs',
    'renew',
    'all',
    '--csr-only',
    '--root',
    root,
    '--archive',
    archive,
  )
  expect(exitCode, stderr).toBe(0)
  return unpacked(archive)
}

async function generated(): Promise<Unpacked> {
  const archive = join(tempDir(), 'out.tar')
  const authorities = ['ca', 'front-proxy-ca', 'etcd/ca'].map(name => `${PKI}/${name}.crt`)
  const certificates = authorities.map(file => [
    file,
    readFileSync(fixture('nodes/external-ca', file), 'utf8'),
  ])
  const root = copyNode('external-ca', { 'etc/kubernetes': null, ...Object.fromEntries(certificates) })
  const more = ['--encryption-algorithm', 'ECDSA-P256', '--archive', archive, '--root', root]
  const { exitCode, stderr } = await kubepki('certs', 'generate-csr', ...NODE, ...more)
  expect(exitCode, stderr).toBe(0)
  return unpacked(archive)
}

const ORIGINS = { 'certs renew': renewed, 'certs generate-csr': generated }
const labelOf = ({ file }: ManifestRequest) => file.replace(/\.csr$/, '')

describe.each(Object.entries(ORIGINS))('the sheet of %s', (_, origin) => {
  it('its checks find every digest of the table', async () => {
    const { directory, sheet, requests } = await origin()
    const output = bash(directory, commandsOf(sheet, 'Before signing'))
    for (const { file, publicKeySha256 } of requests)
      expect(output).toMatch(new RegExp(`^${file}\\n(.*\\n)?${publicKeySha256} `, 'm'))
  })

  it.each([['openssl x509'], ['openssl ca']])(
    'C29 %s makes what was asked for, usages too',
    async command => {
      const { directory, sheet, requests } = await origin()
      bash(directory, commandsOf(sheet, 'With openssl x509').split('\nCA_CERT=')[0] as string)
      bash(directory, commandsOf(sheet, `With ${command}`))
      expect(requests.length).toBeGreaterThan(9)
      for (const row of requests) expectGranted(directory, row, labelOf(row))
    },
  )

  it.skipIf(isAbsent)('cfssl makes what was asked for', async () => {
    const { directory, sheet, requests } = await origin()
    expect(sheet).not.toContain('Not with CFSSL')
    bash(directory, commandsOf(sheet, 'With CFSSL'))
    for (const row of requests) expectGranted(directory, row, labelOf(row))
  })
})

describe('a request for most of what X.509 has', () => {
  async function rich(): Promise<Unpacked> {
    const directory = tempDir()
    const key = await generateKey('ECDSA-P256')
    const pem = await createRequest(tbsPartsOf(certificateIn('defects', 'rich.crt').der), key)
    const requested = readRequested(pem)
    if ('reason' in requested) throw new Error(requested.reason)
    const file = "$(touch pwned) 'a'.csr"
    writeFileSync(join(directory, file), pem)
    const created = new Date('2026-12-01T00:00:00Z')
    const row = manifestRequest({
      ...{ name: 'apiserver', file, created, requested, caName: 'ca', validity: 7 * 86_400_000 },
      certificateFile: '/etc/kubernetes/pki/apiserver.crt',
    })
    return { directory, sheet: renderSigningSheet(newManifest(undefined, [row])), requests: [row] }
  }

  it.each([['openssl x509'], ['openssl ca']])('%s changes nothing of it', async command => {
    const { directory, sheet, requests } = await rich()
    bash(directory, commandsOf(sheet, 'With openssl x509').split('\nCA_CERT=')[0] as string)
    bash(directory, commandsOf(sheet, `With ${command}`))
    for (const row of requests) expectGranted(directory, row, 'apiserver')
    expect(() => readFileSync(join(directory, 'pwned'))).toThrow('ENOENT')
  })

  it('is none of cfssl’s', async () => {
    expect((await rich()).sheet).toContain('Not with CFSSL')
  })
})
