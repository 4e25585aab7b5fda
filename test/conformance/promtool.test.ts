/** `-o prometheus`, judged by Prometheus' own tool. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { makeAuthority, makeLeaf, openssl, P256 } from '../support/certificates.ts'
import { parseExposition } from '../support/exposition.ts'
import { kubepki } from '../support/host.ts'
import { copyNode, fixture, readFixture } from '../support/node.ts'
import { runToEnd } from '../support/process.ts'

const isThere = await runToEnd(['promtool', '--version']).then(
  () => true,
  () => false,
)
if (!isThere) {
  const found = 'promtool: the metrics are not checked: apt-get install prometheus'
  if (process.env.CI) throw new Error(found)
  console.warn(found)
}

async function checked(root: string, verb: string, ...args: string[]): Promise<string> {
  const { stdout } = await kubepki('certs', verb, '--root', root, '-o', 'prometheus', ...args)
  expect(await runToEnd(['promtool', 'check', 'metrics'], { stdin: stdout })).toEqual({
    ...{ stdout: '', stderr: '', exitCode: 0, signal: null },
  })
  return stdout
}

const K = 'etc/kubernetes'

describe.skipIf(!isThere)('promtool check metrics', () => {
  it.each(
    readdirSync(fixture('nodes')).flatMap(node => [
      [node, 'check-expiration'] as const,
      [node, 'verify'] as const,
    ]),
  )('%s: certs %s', async (node, verb) => {
    await checked(fixture('nodes', node), verb)
  })

  it('takes names with quotes, backslashes and line breaks', async () => {
    const ca = makeAuthority('a "b" \\\\ c\nd', P256)
    const subject = '/O=x="y"\\\\n\n# HELP/CN=}{,\\\\'
    const leaf = makeLeaf(ca, ca.key, { subject, extensions: 'keyUsage=digitalSignature' })
    const conf = readFixture('nodes/stock-1.31', K, 'admin.conf').replaceAll(
      'kubernetes-admin',
      String.raw`'a "b" \ c'`,
    )
    const root = copyNode('stock-1.31', {
      [`${K}/pki/apiserver.crt`]: leaf,
      [`${K}/admin.conf`]: conf.replace('\'a "b" \\ c\'@kubernetes\n', 'admin@kubernetes\n'),
    })
    const series = parseExposition(await checked(root, 'check-expiration'))
    const found = series.find(({ labels }) => labels.filename === 'apiserver.crt')
    expect(found?.labels).toMatchObject({ subject_O: 'x="y"\\n\n# HELP', issuer_CN: 'a "b" \\ c\nd' })
  })

  it('takes a bundle that has a certificate twice, and one and its successor with the same serial number', async () => {
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null']
    const [one = '', other = ''] = [10, 20].map(days =>
      openssl(['req', '-x509', ...newKey, '-subj', '/CN=kubernetes', '-set_serial', '0', '-days', `${days}`]),
    )
    const root = copyNode('stock-1.20', { [`${K}/pki/ca.crt`]: one + other + one })
    const series = parseExposition(await checked(root, 'verify'))
    const blocks = series.filter(
      ({ name, labels }) =>
        name === 'x509_cert_not_after' && labels.filepath?.endsWith('/kubernetes/pki/ca.crt'),
    )
    expect(blocks.map(({ labels }) => labels.serial_number)).toEqual(['0', '0'])
    expect(new Set(blocks.map(({ labels }) => labels.discriminator)).size).toBe(2)
  })

  it('takes what is missing or no certificate', async () => {
    const root = copyNode('stock-1.20', {
      [`${K}/pki/ca.crt`]: null,
      [`${K}/pki/apiserver.crt`]: 'no certificate',
      [`${K}/admin.conf`]: readFixture('defects/token-user.conf'),
    })
    const errors = parseExposition(await checked(root, 'verify')).filter(
      ({ name }) => name === 'x509_cert_error',
    )
    const wrong = errors.filter(({ value }) => value === 1).map(({ labels }) => labels.filename)
    expect(wrong.toSorted()).toEqual(['admin.conf', 'apiserver.crt', 'ca.crt'])
  })
})

it.skipIf(!isThere)('a wrong file does not pass', async () => {
  const { exitCode } = await runToEnd(['promtool', 'check', 'metrics'], { stdin: 'a{b="\n"} 1\n' })
  expect(exitCode).not.toBe(0)
})
