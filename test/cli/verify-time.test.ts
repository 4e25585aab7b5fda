import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TIME_CHECKS } from '../../src/pki/checks/time.ts'
import { proveChecks } from '../support/check-cases.ts'
import { kubepki } from '../support/host.ts'
import { copyNode } from '../support/node.ts'
import {
  authorityOf,
  embedding,
  kubeconfigOf,
  makeIntermediate,
  makeRoot,
  newKey,
  PKI,
  pairFor,
  type Row,
  reissued,
  TREE,
} from '../support/rows.ts'
import { codesOf, verify } from '../support/verify.ts'

const ETCDS: readonly Row[] = ['etcd-server', 'etcd-peer', 'apiserver-etcd-client']
const endingIn = (days: number, ...rows: Row[]) =>
  Object.assign({}, ...rows.map(row => pairFor(row, { days: days + 10 })))

/** The cluster's CA once more, for its key: what it signed is signed by this one too. */
const sameCa = (days: number) => reissued(authorityOf('ca'), { days })
const onlyCa = (days: number) => ({ [`${PKI}/ca.crt`]: sameCa(days).certificate })

/** A leaf behind an intermediate with an end of its own. */
function twoTiers(days: number, start?: number): string {
  const intermediate = makeIntermediate(authorityOf('ca'), '/CN=issuing', { days, ...(start && { start }) })
  return copyNode(TREE, pairFor('apiserver', { by: intermediate, behind: intermediate.certificate }))
}

/** Old and new CA in one file, the new one's key, and one leaf that the old one signed. */
function rotated(daysOfOld: number): string {
  const old = makeRoot('/CN=kubernetes', { days: daysOfOld })
  const now = authorityOf('ca')
  return copyNode(TREE, {
    [`${PKI}/ca.crt`]: now.certificate + old.certificate,
    ...pairFor('apiserver', { by: old, days: 300 }),
  })
}

function copyOfAdmin(days: number): string {
  const key = newKey()
  const [file] = Object.values(
    pairFor('apiserver-kubelet-client', { key, days, subject: '/O=system:masters/CN=kubernetes-admin' }),
  )
  return copyNode(TREE, { 'home/config': embedding(kubeconfigOf('admin.conf'), file as string, key) })
}

proveChecks(TIME_CHECKS, [
  {
    code: 'CERTIFICATE_EXPIRED',
    of: 'H61: a year after the last renewal all leaves are over, the CAs are not',
    tree: () => copyNode('expired'),
    finds: {
      certificate: [
        ...['apiserver', 'apiserver-kubelet-client', 'front-proxy-client', 'etcd-server', 'etcd-peer'],
        ...['etcd-healthcheck-client', 'apiserver-etcd-client'],
        ...['admin.conf', 'controller-manager.conf', 'scheduler.conf'],
      ],
      severity: 'error',
      found: /^expired 183d ago, on 2026-06-01T00:00:00Z$/,
    },
  },
  {
    code: 'CERTIFICATE_EXPIRED',
    of: 'two of them',
    tree: () => copyNode(TREE, endingIn(-1, 'apiserver', 'etcd-peer')),
    finds: {
      certificate: ['apiserver', 'etcd-peer'],
      severity: 'error',
      found: /^expired 24h ago/,
      isRepaired: true,
    },
  },
  {
    code: 'CERTIFICATE_EXPIRED',
    of: 'a copy of admin.conf gets that of this node',
    tree: () => copyOfAdmin(5),
    args: ['--kubeconfig', 'ROOT/home/config'],
    finds: { certificate: 'ROOT/home/config', severity: 'error', isRepaired: true },
  },
  {
    code: 'CERTIFICATE_EXPIRED',
    of: 'a second is left',
    tree: () => copyNode('expired'),
    args: ['--now', '2026-05-31T23:59:59Z'],
  },
  {
    code: 'CERTIFICATE_EXPIRES_SOON',
    of: 'within 30 days',
    tree: () => copyNode(TREE, endingIn(29, 'apiserver')),
    finds: {
      certificate: 'apiserver',
      severity: 'warning',
      expected: /30d or more/,
      found: /^ends in 29d, on 2026-12-30/,
      isRepaired: true,
    },
  },
  {
    code: 'CERTIFICATE_EXPIRES_SOON',
    of: 'in 31 days',
    tree: () => copyNode(TREE, endingIn(31, 'apiserver')),
  },
  {
    code: 'CERTIFICATE_NOT_YET_VALID',
    of: 'H62: the clock is 40 minutes behind',
    tree: () => copyNode('stock-1.31'),
    args: ['--now', '2026-11-20T23:15:00Z', 'apiserver', 'ca'],
    finds: {
      certificate: ['apiserver', 'ca'],
      severity: 'error',
      found: /^not valid before 2026-11-20T23:55:00Z, in 40m$/,
      remedy: /^date -u; timedatectl status # set the clock right$/,
    },
  },
  {
    code: 'CERTIFICATE_NOT_YET_VALID',
    of: 'the intermediate behind it is not valid yet',
    tree: () => twoTiers(300, Date.UTC(2027, 0, 1)),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      found: /^CN=issuing not valid before 2027-01-01/,
      remedy: /if the clock is right: kubepki certs renew apiserver --root/,
    },
  },
  {
    code: 'CERTIFICATE_NOT_YET_VALID',
    of: 'this very second',
    tree: () => copyNode('stock-1.31'),
    args: ['--now', '2026-11-20T23:55:00Z'],
  },
  {
    code: 'CA_EXPIRED',
    of: 'H39: the CA has expired, its leaves have not',
    tree: () => copyNode(TREE, onlyCa(9)),
    finds: {
      certificate: 'ca',
      severity: 'error',
      found: /^expired 24h ago, .*; void with it: apiserver, apiserver-kubelet-client, admin.conf,/,
      impact: /no certificate of the cluster/,
      remedy: /^make a new CA/,
    },
  },
  {
    code: 'CA_EXPIRED',
    of: 'the expired one in the bundle has been replaced by one for the same key',
    tree: () => copyNode(TREE, { [`${PKI}/ca.crt`]: sameCa(9).certificate + authorityOf('ca').certificate }),
  },
  {
    code: 'CA_EXPIRES_SOON',
    of: 'H40: the CA has 90 days left',
    tree: () => copyNode(TREE, onlyCa(100)),
    finds: {
      certificate: 'ca',
      severity: 'warning',
      expected: /180d/,
      found: /^ends in 90d, on 2027-03-01/,
      remedy: /new CA/,
    },
  },
  { code: 'CA_EXPIRES_SOON', of: 'it has 181 days left', tree: () => copyNode(TREE, onlyCa(191)) },
  {
    code: 'CA_EXPIRES_SOON',
    of: 'a longer --within counts',
    tree: () => copyNode(TREE, onlyCa(191)),
    args: ['--within', '200d'],
    finds: { certificate: 'ca', severity: 'warning' },
  },
  {
    code: 'LEAF_OUTLIVES_CA',
    of: 'P30: kubeadm cuts nothing',
    tree: () => copyNode(TREE, { ...onlyCa(100), ...pairFor('apiserver', { days: 365 }) }),
    args: ['apiserver'],
    finds: {
      certificate: 'apiserver',
      severity: 'warning',
      found: /void from 2027-03-01T00:00:00Z on/,
      remedy: /^make a new CA/,
    },
  },
  {
    code: 'LEAF_OUTLIVES_CA',
    of: 'where a CA that lasts longer signs now, a renewal is enough',
    tree: () => rotated(100),
    finds: { certificate: 'apiserver', severity: 'warning', isRepaired: true },
  },
  {
    code: 'LEAF_OUTLIVES_CA',
    of: 'the CA has a second certificate for its key, which lasts longer',
    tree: () =>
      copyNode(TREE, { [`${PKI}/ca.crt`]: sameCa(100).certificate + authorityOf('ca').certificate }),
  },
  {
    code: 'PATH_EXPIRED',
    of: 'an intermediate is over',
    tree: () => twoTiers(9),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      found: /^CN=issuing ends on 2026-11-30/,
      remedy: /^get the renewed certificate of CN=issuing/,
    },
  },
  {
    code: 'PATH_EXPIRED',
    of: 'the CA that signed it is over, the one that signs now is not',
    tree: () => rotated(9),
    finds: {
      certificate: 'apiserver',
      severity: 'error',
      found: /^CN=kubernetes \(key [0-9a-f]{12}\) expired 24h ago/,
      isRepaired: true,
    },
  },
  {
    code: 'PATH_EXPIRED',
    of: 'its own CA is over, which is said of the CA',
    tree: () => copyNode(TREE, onlyCa(9)),
  },
  {
    code: 'PATH_ENDS_FIRST',
    of: 'an intermediate ends before the leaf',
    tree: () => twoTiers(100),
    finds: { certificate: 'apiserver', severity: 'warning', found: /^CN=issuing ends on 2027-03-01/ },
  },
  { code: 'PATH_ENDS_FIRST', of: 'it ends after it', tree: () => twoTiers(400) },
  {
    code: 'ETCD_LEAVES_OLDER',
    of: "P19: an upgrade renewed all but etcd's",
    tree: () => copyNode(TREE, endingIn(60, ...ETCDS)),
    finds: {
      certificate: [...ETCDS],
      severity: 'warning',
      expected: /near that of the rest/,
      found: /^ends 29\dd earlier, on 2027-01-30/,
      isRepaired: true,
    },
  },
  {
    code: 'ETCD_LEAVES_OLDER',
    of: 'a long time is left: an etcd CA of its own may give shorter ones',
    tree: () => copyNode(TREE, endingIn(200, 'etcd-server')),
    finds: { certificate: 'etcd-server', severity: 'info' },
  },
  {
    code: 'ETCD_LEAVES_OLDER',
    of: 'only one of the others is newer',
    tree: () => copyNode(TREE, { ...endingIn(500, 'apiserver') }),
  },
  {
    code: 'RENEWED_IN_PART',
    of: 'H3: the renewal stopped at a broken scheduler.conf',
    tree: () => copyNode(TREE, endingIn(60, 'front-proxy-client')),
    finds: {
      certificate: 'front-proxy-client',
      severity: 'info',
      found: /^ends 295d earlier/,
      isRepaired: true,
    },
  },
  {
    code: 'RENEWED_IN_PART',
    of: 'two weeks between two nodes of one round',
    tree: () => copyNode(TREE, endingIn(340, 'apiserver')),
  },
])

describe('what is told once', () => {
  it("etcd's leaves that an upgrade left out are not told as renewed in part too", async () => {
    const { findings } = await verify(copyNode(TREE, endingIn(60, ...ETCDS)))
    const codes = findings.filter(({ certificate }) => certificate === 'etcd-server').map(({ code }) => code)
    expect(codes).not.toContain('RENEWED_IN_PART')
  })

  it('a leaf that has expired neither ends soon nor outlives anything', async () => {
    const root = copyNode('expired')
    const codes = await codesOf(root, 'apiserver')
    expect(codes.filter(code => /SOON|OUTLIVES|PATH/.test(code))).toEqual([])
  })
})

describe('remedies of leaves whose CA signs nothing', () => {
  it('an expired CA comes first', async () => {
    const root = copyNode(TREE, { ...onlyCa(9), ...endingIn(-1, 'apiserver') })
    const { findings } = await verify(root, 'apiserver', 'ca')
    const codes = findings.map(({ code }) => code)
    expect(codes.indexOf('CA_EXPIRED')).toBeLessThan(codes.indexOf('CERTIFICATE_EXPIRED'))
    expect(findings.find(({ code }) => code === 'CERTIFICATE_EXPIRED')?.remedy).toMatch(
      /^first replace its CA: see CA_EXPIRED of ca; then kubepki certs renew apiserver --root \S+$/,
    )
  })

  it('of a CA elsewhere a request is made', async () => {
    const root = copyNode('external-ca')
    const { findings } = await verify(root, 'apiserver', '--within', '10y')
    const soon = findings.find(({ code }) => code === 'CERTIFICATE_EXPIRES_SOON')
    expect(soon?.remedy).toMatch(/^kubepki certs renew apiserver --csr-only --root \S+ # its CA is elsewhere/)
  })
})

describe('requests to an external CA that are out', () => {
  it('are what the remedy points to, of those rows alone', async () => {
    const root = copyNode('external-ca')
    const { exitCode } = await kubepki('certs', 'renew', 'apiserver', '--csr-only', '--root', root)
    expect(exitCode).toBe(0)
    const { findings } = await verify(root, '--within', '10y')
    const soon = findings.filter(({ code }) => code === 'CERTIFICATE_EXPIRES_SOON')
    const remedyOf = (name: string) => soon.find(({ certificate }) => certificate === name)?.remedy
    expect(remedyOf('apiserver')).toMatch(/^kubepki certs requests --root \S+ # its request waits/)
    expect(remedyOf('apiserver-kubelet-client')).toMatch(
      /^kubepki certs renew apiserver-kubelet-client --csr-only/,
    )
  })
})

describe('a copy of a kubeconfig', () => {
  const expiredCopy = (subject: string) => {
    const key = newKey()
    const pair = pairFor('apiserver-kubelet-client', { key, days: 5, subject })
    return embedding(kubeconfigOf('admin.conf'), Object.values(pair)[0] as string, key)
  }

  it('of somebody else never gets the admin’s', async () => {
    const root = copyNode(TREE, { 'home/ci.conf': expiredCopy('/O=team a/O=ops/CN=ci') })
    const file = join(root, 'home/ci.conf')
    const look = async () =>
      (await verify(root, '--kubeconfig', file)).findings.filter(({ certificate }) => certificate === file)
    const [finding] = await look()
    expect(finding).toMatchObject({ code: 'CERTIFICATE_EXPIRED', severity: 'error', file })
    expect(finding?.remedy).toContain(
      "kubepki kubeconfig user --client-name ci --org 'team a' --org ops --root",
    )
    expect(finding?.remedy).not.toContain('admin.conf')
  })

  it('by the name of a row is not taken for the row', async () => {
    const root = copyNode(TREE, { 'home/admin.conf': expiredCopy('/CN=someone') })
    const before = process.cwd()
    process.chdir(join(root, 'home'))
    try {
      const { findings } = await verify(root, '--kubeconfig', 'admin.conf')
      const errors = findings.filter(({ severity }) => severity === 'error')
      expect(new Set(errors.map(({ certificate }) => certificate))).toEqual(new Set(['./admin.conf']))
    } finally {
      process.chdir(before)
    }
  })
})
