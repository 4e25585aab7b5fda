/** Certificate authorities whose keys are not on the node: openssl has them. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { type Pair, pairOf } from './control-plane.ts'
import { kubepkiNow } from './host.ts'
import { configFile, outputOf } from './kubeadm.ts'

/** Name of a CA -> its files. */
export const CA_OF: Readonly<Record<string, string>> = {
  'front-proxy-ca': 'front-proxy-ca',
  'etcd-ca': 'etcd/ca',
  ca: 'ca',
}

export function signElsewhere(csrFile: string, authority: Pair): Promise<string> {
  const signer = ['-CA', authority.certificate, '-CAkey', authority.key]
  const extensions = ['-copy_extensions', 'copyall']
  return outputOf('openssl', ['x509', '-req', ...extensions, '-days', '30', ...signer, '-in', csrFile])
}

export async function makeAuthority({ certificate, key }: Pair, name: string): Promise<void> {
  mkdirSync(dirname(key), { recursive: true })
  await outputOf('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650'],
    ...[
      '-subj',
      `/O=Example/CN=${name}`,
      '-addext',
      'keyUsage=critical,digitalSignature,keyCertSign,cRLSign',
    ],
    ...['-keyout', key, '-out', certificate],
  ])
}

interface Requested {
  readonly caName: string
  readonly csrFile: string
}

/** A node from nothing but the certificates of its CAs, as `certs generate-csr` says it is done. */
export async function makeTreeOfRequests(root: string, elsewhere: string): Promise<void> {
  for (const [name, base] of Object.entries(CA_OF)) {
    await makeAuthority(pairOf(elsewhere, base), name)
    const { certificate } = pairOf(root, base)
    mkdirSync(dirname(certificate), { recursive: true })
    cpSync(pairOf(elsewhere, base).certificate, certificate)
  }
  const generate = ['certs', 'generate-csr', '--root', root, '--config', configFile(root), '-o', 'json']
  const { stdout, stderr, exitCode } = await kubepkiNow(...generate)
  expect(exitCode, stderr).toBe(0)
  const { requests } = JSON.parse(stdout) as { requests: readonly Requested[] }
  const answers = join(elsewhere, 'answers')
  mkdirSync(answers)
  for (const [index, { caName, csrFile }] of requests.entries()) {
    const certificate = await signElsewhere(csrFile, pairOf(elsewhere, CA_OF[caName] ?? ''))
    writeFileSync(join(answers, `${index}.pem`), certificate)
  }
  const imported = await kubepkiNow('certs', 'import', answers, '--min-validity', '1d', '--root', root)
  expect(imported.exitCode, imported.stderr).toBe(0)
}
