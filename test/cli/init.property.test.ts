/** Any configuration that kubeadm takes gives a tree that verifies, judged by openssl and node:crypto. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CERTIFICATES, type CertificateSpec } from '../../src/inventory/catalog.ts'
import { configuration } from '../support/arbitrary.ts'
import { openssl } from '../support/certificates.ts'
import { kubepki } from '../support/host.ts'
import { fingerprint, tempDir } from '../support/node.ts'

type Configuration = typeof configuration extends fc.Arbitrary<infer T> ? T : never

const SPECS: readonly CertificateSpec[] = CERTIFICATES

/** JSON is YAML. */
function write(directory: string, { init, cluster }: Configuration): string {
  const file = join(directory, 'kubeadm.yaml')
  writeFileSync(file, [init, cluster].map(document => JSON.stringify(document)).join('\n---\n'))
  return file
}

async function make(root: string, config: string): Promise<void> {
  for (const phase of ['certs', 'kubeconfig']) {
    const { exitCode, stderr } = await kubepki(
      'init',
      'phase',
      phase,
      'all',
      '--root',
      root,
      '--config',
      config,
    )
    expect({ exitCode, errors: stderr.match(/error: .*/g) }).toEqual({ exitCode: 0, errors: null })
  }
}

const pki = (root: string, file: string) => join(root, 'etc/kubernetes/pki', file)

function expectPair(certificate: X509Certificate, key: string): void {
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true)
}

/** OpenSSL takes no wildcard above a single label. */
function isAnswered(serving: X509Certificate, name: string): boolean {
  if (name.startsWith('*.')) return serving.subjectAltName?.split(', ').includes(`DNS:${name}`) ?? false
  return (isIP(name) ? serving.checkIP(name) : serving.checkHost(name)) !== undefined
}

/** At a time at which all of it is valid. */
const AT = String(new Date('2026-12-01T00:10:00Z').getTime() / 1000)

/** Each leaf chains, has its own key, and answers to every name that was asked for. */
function expectTree(root: string, { init, cluster }: Configuration): void {
  const isExternal = cluster.etcd !== undefined && 'external' in cluster.etcd
  for (const spec of SPECS) {
    const file = pki(root, `${spec.baseName}.crt`)
    expect(existsSync(file), spec.name).toBe(!(isExternal && spec.localEtcdOnly))
    if (isExternal && spec.localEtcdOnly) continue
    const certificate = new X509Certificate(readFileSync(file))
    expectPair(certificate, readFileSync(pki(root, `${spec.baseName}.key`), 'utf8'))
    if (spec.kind === 'ca') continue
    const ca = pki(root, `${SPECS.find(({ name }) => name === spec.caName)?.baseName}.crt`)
    const purpose = spec.extKeyUsage?.[0] === 'serverAuth' ? 'sslserver' : 'sslclient'
    expect(openssl(['verify', '-attime', AT, '-purpose', purpose, '-CAfile', ca, file])).toContain('OK')
  }
  const serving = new X509Certificate(readFileSync(pki(root, 'apiserver.crt')))
  for (const asked of [init.nodeRegistration.name, ...(cluster.apiServer?.certSANs ?? [])]) {
    expect(isAnswered(serving, asked.toLowerCase()), `${asked} in ${serving.subjectAltName}`).toBe(true)
  }
  expect(serving.checkIP(init.localAPIEndpoint.advertiseAddress)).toBeDefined()
}

it('any configuration', async () => {
  const all = tempDir()
  let count = 0
  const trees = fc.asyncProperty(configuration, async config => {
    count += 1
    const root = join(all, String(count))
    mkdirSync(root)
    const file = write(all, config)
    await make(root, file)
    expectTree(root, config)
    const before = fingerprint(root)
    await make(root, file)
    expect(fingerprint(root)).toEqual(before)
  })
  await fc.assert(trees, { numRuns: 25 })
})
