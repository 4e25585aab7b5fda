/** Flags of static pods that name a wrong file: one finding each, and nothing that follows from it. */
import { describe, expect, it } from 'vitest'
import { MISNAMED_CHECKS } from '../../src/pki/checks/misnamed.ts'
import { proveChecks } from '../support/check-cases.ts'
import { copyNode, readFixture } from '../support/node.ts'
import { authorityOf, certificateFor, makeRoot, newKey, PKI, TREE } from '../support/rows.ts'
import { codesOf, verify } from '../support/verify.ts'

const MANIFESTS = 'etc/kubernetes/manifests'
const API = 'kube-apiserver'
const MANAGER = 'kube-controller-manager'
const CODE = 'FLAG_NAMES_ANOTHER_FILE'
const isRepaired = true

type Flags = Readonly<Record<string, string>>

/** A manifest whose flags name other files of the certificate directory. */
function manifest(component: string, flags: Flags): Flags {
  const path = `${MANIFESTS}/${component}.yaml`
  const text = Object.entries(flags).reduce(
    (all, [flag, file]) => all.replace(new RegExp(`--${flag}=.*`), `--${flag}=/${PKI}/${file}`),
    readFixture('nodes', TREE, path),
  )
  return { [path]: text }
}

const naming = (component: string, flags: Flags, files: Flags = {}) =>
  copyNode(TREE, { ...manifest(component, flags), ...files })

const ca = authorityOf('ca')
const renamed = newKey()

proveChecks(MISNAMED_CHECKS, [
  {
    code: CODE,
    of: 'another CA',
    tree: () => naming(API, { 'client-ca-file': 'front-proxy-ca.crt' }),
    finds: {
      ...{ certificate: 'ca', severity: 'error', file: /kube-apiserver\.yaml$/ },
      found: /^--client-ca-file=\S+front-proxy-ca\.crt: CN=front-proxy-ca /,
      expected: /^--client-ca-file=\/etc\/kubernetes\/pki\/ca\.crt: /,
      isRepaired,
    },
  },
  {
    code: CODE,
    of: 'a key that is elsewhere',
    tree: () => naming(API, { 'tls-private-key-file': 'apiserver-kubelet-client.key' }),
    finds: { certificate: 'apiserver', severity: 'error', isRepaired },
  },
  {
    code: CODE,
    of: 'a renamed pair that fits',
    tree: () =>
      naming(
        API,
        { 'tls-cert-file': 'new.crt', 'tls-private-key-file': 'new.key' },
        {
          [`${PKI}/new.crt`]: certificateFor('apiserver', renamed, { by: ca }),
          [`${PKI}/new.key`]: renamed,
        },
      ),
  },
  {
    code: CODE,
    of: 'a renamed certificate for the same key',
    tree: () =>
      naming(
        API,
        { 'tls-cert-file': 'new.crt' },
        { [`${PKI}/new.crt`]: readFixture('nodes', TREE, PKI, 'apiserver.crt') },
      ),
  },
  {
    code: CODE,
    of: 'a bundle elsewhere that has the CA too',
    tree: () =>
      naming(
        API,
        { 'client-ca-file': 'clients.crt' },
        { [`${PKI}/clients.crt`]: makeRoot('/CN=people').certificate + ca.certificate },
      ),
  },
])

describe('nothing besides, and nothing once it is set back', () => {
  it.each<[string, Flags, string]>([
    [API, { 'client-ca-file': 'front-proxy-ca.crt' }, 'ca'],
    [API, { 'client-ca-file': 'etcd/ca.crt' }, 'ca'],
    [API, { 'client-ca-file': 'sa.pub' }, 'ca'],
    [API, { 'requestheader-client-ca-file': 'ca.crt' }, 'front-proxy-ca'],
    [API, { 'etcd-cafile': 'ca.crt' }, 'etcd-ca'],
    ['etcd', { 'trusted-ca-file': 'ca.crt' }, 'etcd-ca'],
    ['etcd', { 'peer-trusted-ca-file': 'etcd/none.crt' }, 'etcd-ca'],
    [MANAGER, { 'root-ca-file': 'front-proxy-ca.crt' }, 'ca'],
    [API, { 'tls-cert-file': 'apiserver-old.crt' }, 'apiserver'],
    [API, { 'tls-private-key-file': 'apiserver-kubelet-client.key' }, 'apiserver'],
    ['etcd', { 'key-file': 'etcd/peer.key' }, 'etcd-server'],
    [MANAGER, { 'service-account-private-key-file': 'apiserver.key' }, 'sa'],
    [API, { 'service-account-key-file': 'apiserver.crt' }, 'sa'],
    [MANAGER, { 'cluster-signing-key-file': 'front-proxy-ca.key' }, 'ca'],
  ])('%s %j', async (component, flags, row) => {
    expect(await codesOf(naming(component, flags))).toEqual([`${CODE} ${row}`])
  })

  it('two of one manifest', async () => {
    const root = naming(API, {
      'client-ca-file': 'front-proxy-ca.crt',
      'tls-cert-file': 'front-proxy-client.crt',
    })
    const { findings } = await verify(root)
    const graver = findings.filter(({ severity }) => severity !== 'info')
    expect(graver.map(({ code, certificate }) => `${code} ${certificate}`).toSorted()).toEqual([
      `${CODE} apiserver`,
      `${CODE} ca`,
    ])
    expect(findings.filter(({ remedy }) => remedy.startsWith('kubepki'))).toEqual([])
  })
})
