/** Files of CAs in a wrong place: one finding, and nothing that follows from it. */
import { describe, expect, it } from 'vitest'
import { MISPLACED_CHECKS } from '../../src/pki/checks/misplaced.ts'
import { proveChecks } from '../support/check-cases.ts'
import { copyNode, readFixture } from '../support/node.ts'
import { authorityOf, certificateFor, filesOfCa, makeRoot, newKey, PKI, TREE } from '../support/rows.ts'
import { codesOf, verify } from '../support/verify.ts'

const ca = authorityOf('ca')
const etcd = authorityOf('etcd/ca')
const frontProxy = authorityOf('front-proxy-ca')
const FOREIGN = { [`${PKI}/ca.crt`]: makeRoot('/CN=kubernetes').certificate }
const SWAPPED = { ...filesOfCa('ca', etcd), ...filesOfCa('etcd/ca', ca) }
const SWAPPED_CRT = { [`${PKI}/ca.crt`]: etcd.certificate, [`${PKI}/etcd/ca.crt`]: ca.certificate }
const ROUND = {
  ...filesOfCa('ca', etcd),
  ...filesOfCa('etcd/ca', frontProxy),
  ...filesOfCa('front-proxy-ca', ca),
}
const isRepaired = true

proveChecks(MISPLACED_CHECKS, [
  {
    code: 'AUTHORITIES_SWAPPED',
    of: 'certificates and keys',
    tree: () => copyNode(TREE, SWAPPED),
    finds: {
      certificate: 'ca',
      severity: 'error',
      found: /^the files of ca and etcd-ca are swapped: /,
      remedy: /^openssl verify .*ca\.key/,
      isRepaired,
    },
  },
  {
    code: 'AUTHORITIES_SWAPPED',
    of: 'certificates alone: the keys stay',
    tree: () => copyNode(TREE, SWAPPED_CRT),
    finds: { certificate: 'ca', severity: 'error', remedy: /^(?!.*\.key)openssl verify/, isRepaired },
  },
  {
    code: 'AUTHORITIES_SWAPPED',
    of: 'three, round in a circle',
    tree: () => copyNode(TREE, ROUND),
    finds: { certificate: 'ca', severity: 'error', isRepaired },
  },
  {
    code: 'AUTHORITIES_SWAPPED',
    of: 'one leaf alone is of the other CA',
    tree: () => {
      const key = newKey()
      const certificate = certificateFor('apiserver', key, { by: etcd })
      return copyNode(TREE, { [`${PKI}/apiserver.crt`]: certificate, [`${PKI}/apiserver.key`]: key })
    },
  },
  {
    code: 'CA_FILE_FOREIGN',
    of: 'ca.crt of another cluster, the key is right',
    tree: () => copyNode(TREE, FOREIGN),
    finds: {
      certificate: 'ca',
      severity: 'error',
      expected: /it signed \d+ of .*admin\.conf.*ca\.key is its key$/,
      remedy: /^kubectl config view --raw .*admin\.conf .*> \S+ca\.crt\.new && openssl x509 .* # compare/,
    },
  },
  {
    code: 'CA_FILE_FOREIGN',
    of: 'on a worker',
    tree: () => copyNode('worker', FOREIGN),
    finds: { certificate: 'ca', severity: 'error', remedy: /--kubeconfig=\S+kubelet\.conf / },
  },
  {
    code: 'CA_FILE_FOREIGN',
    of: 'beside the right one',
    tree: () =>
      copyNode('worker', { [`${PKI}/ca.crt`]: ca.certificate + readFixture('nodes/worker', PKI, 'ca.crt') }),
  },
])

describe('nothing besides', () => {
  it.each([
    ['swapped', SWAPPED, 'AUTHORITIES_SWAPPED'],
    ['swapped certificates', SWAPPED_CRT, 'AUTHORITIES_SWAPPED'],
    ['three in a circle', ROUND, 'AUTHORITIES_SWAPPED'],
    ['a foreign one', FOREIGN, 'CA_FILE_FOREIGN'],
  ])('%s', async (_, changes, code) => {
    const { findings } = await verify(copyNode(TREE, changes))
    const graver = findings.filter(({ severity }) => severity !== 'info')
    expect(graver.map(one => `${one.code} ${one.certificate}`)).toEqual([`${code} ca`])
    expect(findings.filter(({ remedy }) => /^kubepki|^mv .*kubepki/.test(remedy))).toEqual([])
  })

  it('a foreign one, on a worker', async () => {
    expect(await codesOf(copyNode('worker', FOREIGN))).toEqual(['CA_FILE_FOREIGN ca'])
  })

  it('is told of a row that is signed by it, too', async () => {
    expect(await codesOf(copyNode(TREE, SWAPPED), 'etcd-peer')).toEqual(['AUTHORITIES_SWAPPED ca'])
  })
})
