/** kubepki's two tables against those the real kubeadm 1.20 prints for the same tree. */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exceptAdvice, kubepki, type Outcome } from '../support/host.ts'
import {
  CONFIGURATIONS,
  type ConfigurationName,
  configFile,
  kubeadm,
  kubeadmOutput,
  kubeadmTrees,
  redate,
  remove,
  VARIANTS,
} from '../support/kubeadm.ts'
import { fixture } from '../support/node.ts'

const copyOf = kubeadmTrees(CONFIGURATIONS)

/** A table: header, then rows; every cell without its padding but the last, which kubeadm itself pads. */
type Table = string[][]

async function kubeadmTables(root: string): Promise<Table[]> {
  const stdout = await kubeadmOutput(root, 'certs', 'check-expiration', '--config', configFile(root))
  const text = stdout.replace(/^\[check-expiration\].*\n/gm, '').replace(/^\n+/, '')
  const tables = text.trimEnd() === '' ? [] : text.replace(/\n$/, '').split('\n\n').map(parse)
  expect(render(tables)).toBe(text)
  return tables
}

function parse(text: string): Table {
  const [header = '', ...rows] = text.split('\n')
  const starts = [...header.matchAll(/\S+(?: \S+)*/g)].map(match => match.index)
  const cells = (line: string) =>
    starts.map((start, column) => {
      const end = starts[column + 1]
      return end === undefined ? line.slice(start) : line.slice(start, end).trimEnd()
    })
  return [header, ...rows].map(cells)
}

/**
 * kubeadm's output is taken apart, the cells that newer versions print otherwise are replaced, and it is laid out
 * again: a cell that changes may change the width of its column. That this lays out as kubeadm does is proved
 * on every output of kubeadm, byte for byte, before anything is replaced.
 */
function render(tables: readonly Table[]): string {
  return tables.map(renderTable).join('\n')
}

function renderTable(table: Table): string {
  const width = (column: number) => Math.max(10, ...table.map(row => (row[column] ?? '').length + 3))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(width(column)))).join('')
  return table.map(row => `${line(row)}\n`).join('')
}

/** Documented difference: 1.20 leaves the CA of a kubeconfig's certificate blank, newer versions print it. */
function withKubeconfigCa(row: string[]): string[] {
  const [name = '', expires = '', residual = '', , external = ''] = row
  return /^[a-z-]+\.conf$/.test(name) ? [name, expires, residual, 'ca', external] : row
}

function modern(tables: readonly Table[], change: (row: string[]) => string[] = row => row): string {
  const [leaves = [], authorities = []] = tables
  return render([leaves.map(withKubeconfigCa).map(change), authorities.map(change)])
}

function checkExpiration(root: string, now: Date): Promise<Outcome> {
  const place = ['--root', root, '--config', configFile(root), '--now', now.toISOString()]
  return kubepki('certs', 'check-expiration', ...place)
}

async function kubepkiTables(root: string, now: Date): Promise<string> {
  const { stdout, stderr, exitCode } = exceptAdvice(await checkExpiration(root, now))
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  return stdout
}

/** Fresh certificates (364d, 9y) read the same in both wordings, whatever the second. */
async function expectSameTables(root: string): Promise<void> {
  const expected = modern(await kubeadmTables(root))
  expect(await kubepkiTables(root, new Date())).toBe(expected)
}

describe('kubeadm init made it', () => {
  test.each(Object.keys(CONFIGURATIONS) as ConfigurationName[])('%s', async name => {
    await expectSameTables(copyOf(name))
  })
})

describe('something is missing', () => {
  test.each(Object.entries(VARIANTS))('%s', async (_, { of, without }) => {
    const root = copyOf(of)
    remove(
      root,
      without.map(file => inCertDir(root, file)),
    )
    await expectSameTables(root)
  })
})

function inCertDir(root: string, file: string): string {
  const isElsewhere = existsSync(join(root, 'etc/kubernetes/ssl'))
  return isElsewhere ? file.replace(/^pki\//, 'ssl/') : file
}

interface Change {
  readonly of: ConfigurationName
  readonly change: (kubernetes: string) => void
}

const CHANGES: Readonly<Record<string, Change>> = {
  'the manifests name the files': {
    of: 'plain',
    change: folder =>
      cpSync(fixture('nodes/stock-1.20/etc/kubernetes/manifests'), join(folder, 'manifests'), {
        recursive: true,
      }),
  },
  'the manifests name the files in another certificatesDir, with etcd elsewhere': {
    of: 'ECDSA, external etcd, another certificatesDir',
    change: folder =>
      cpSync(fixture('nodes/kubespray/etc/kubernetes/manifests'), join(folder, 'manifests'), {
        recursive: true,
      }),
  },
  'the front-proxy CA is external': {
    of: 'plain',
    change: folder => rmSync(join(folder, 'pki/front-proxy-ca.key')),
  },
}

describe('something is otherwise', () => {
  test.each(Object.entries(CHANGES))('%s', async (_, { of, change }) => {
    const root = copyOf(of)
    change(join(root, 'etc/kubernetes'))
    await expectSameTables(root)
  })
})

describe('where later versions, or kubepki, say something else than 1.20', () => {
  const yesFor = (caName: string) => (row: string[]) =>
    row[0] === caName || row[3] === caName ? [...row.slice(0, -1), 'yes     '] : row

  test('external cluster CA: 1.20 wants ca.key to read a kubeconfig, later versions report it', async () => {
    const root = copyOf('plain')
    const before = await kubeadmTables(root)
    remove(root, ['pki/ca.key'])
    const { exitCode, stderr } = await kubeadm(
      root,
      'certs',
      'check-expiration',
      '--config',
      configFile(root),
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain('failure loading ca certificate authority: failed to load key')
    expect(await kubepkiTables(root, new Date())).toBe(modern(before, yesFor('ca')))
  })

  test('external etcd CA: 1.20 says no, later versions yes', async () => {
    const root = copyOf('etcd SANs')
    const before = await kubeadmTables(root)
    remove(root, ['pki/etcd/ca.key'])
    expect(await kubeadmTables(root)).toEqual(before)
    expect(await kubepkiTables(root, new Date())).toBe(modern(before, yesFor('etcd-ca')))
  })

  test('super-admin.conf: 1.20 does not know it, later versions list it', async () => {
    const root = copyOf('plain')
    const folder = join(root, 'etc/kubernetes')
    cpSync(join(folder, 'admin.conf'), join(folder, 'super-admin.conf'))
    const [leaves = [], authorities = []] = await kubeadmTables(root)
    const admin = leaves.find(([name]) => name === 'admin.conf') ?? []
    const more = [...leaves, ['super-admin.conf', ...admin.slice(1)]]
    expect(await kubepkiTables(root, new Date())).toBe(modern([more, authorities]))
  })

  test('a folder where a file should be: kubeadm says missing, kubepki invalid', async () => {
    const root = copyOf('plain')
    for (const file of ['pki/apiserver.crt', 'scheduler.conf']) {
      remove(root, [file])
      mkdirSync(join(root, 'etc/kubernetes', file))
    }
    const expected = modern(await kubeadmTables(root)).replaceAll('!MISSING!', '!INVALID!')
    const { stdout, stderr } = await checkExpiration(root, new Date())
    expect(stdout).toBe(expected)
    expect(stderr).toMatch(/error: apiserver: .*\n.*error: scheduler\.conf: /)
  })
})

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

interface Wording {
  readonly file: string
  readonly ca: string
  readonly name: string
  /** Milliseconds from kubepki's `now` to notAfter; kubeadm looks some seconds later. */
  readonly ends: number
  /** kubeadm 1.20, ShortHumanDuration. */
  readonly short: RegExp
  /** kubeadm from 1.31 on, HumanDuration. */
  readonly human: string
}

const row = (
  file: string,
  ca: string,
  name: string,
  ends: number,
  short: RegExp,
  human: string,
): Wording => ({
  ...{ file, ca, name, ends, short, human },
})

const WORDINGS: Readonly<Record<string, readonly Wording[]>> = {
  'seconds to months': [
    row('pki/apiserver.crt', 'ca', 'apiserver', -DAY, /^<invalid>$/, '<invalid>'),
    row('pki/apiserver-kubelet-client.crt', 'ca', 'apiserver-kubelet-client', 50 * SECOND, /^\d+s$/, '50s'),
    row('pki/front-proxy-client.crt', 'front-proxy-ca', 'front-proxy-client', 119 * SECOND, /^1m$/, '119s'),
    row('pki/etcd/server.crt', 'etcd/ca', 'etcd-server', 5.75 * MINUTE, /^5m$/, '5m45s'),
    row('pki/etcd/peer.crt', 'etcd/ca', 'etcd-peer', 3 * HOUR - MINUTE / 2, /^2h$/, '179m'),
    row('admin.conf', 'ca', 'admin.conf', 3.75 * HOUR, /^3h$/, '3h45m'),
    row('scheduler.conf', 'ca', 'scheduler.conf', 9.5 * HOUR, /^9h$/, '9h'),
    row('controller-manager.conf', 'ca', 'controller-manager.conf', 3.5 * DAY, /^3d$/, '3d12h'),
    row('pki/apiserver-etcd-client.crt', 'etcd/ca', 'apiserver-etcd-client', 100.5 * DAY, /^100d$/, '100d'),
  ],
  'hours to years': [
    row('pki/apiserver.crt', 'ca', 'apiserver', 47.5 * HOUR, /^1d$/, '47h'),
    row('pki/etcd/server.crt', 'etcd/ca', 'etcd-server', 7 * DAY + 30 * MINUTE, /^7d$/, '7d'),
    row('admin.conf', 'ca', 'admin.conf', 500.5 * DAY, /^1y$/, '500d'),
    row('scheduler.conf', 'ca', 'scheduler.conf', 3 * YEAR + 100.5 * DAY, /^3y$/, '3y100d'),
    row('controller-manager.conf', 'ca', 'controller-manager.conf', 9 * YEAR + DAY / 2, /^9y$/, '9y'),
    row('pki/front-proxy-ca.crt', 'front-proxy-ca', 'front-proxy-ca', 4 * YEAR + DAY / 2, /^4y$/, '4y'),
    row('pki/etcd/ca.crt', 'etcd/ca', 'etcd-ca', 30 * DAY + HOUR, /^30d$/, '30d'),
  ],
  'from the past': [
    row('pki/apiserver.crt', 'ca', 'apiserver', -10 * YEAR, /^<invalid>$/, '<invalid>'),
    row(
      'pki/apiserver-kubelet-client.crt',
      'ca',
      'apiserver-kubelet-client',
      -DAY,
      /^<invalid>$/,
      '<invalid>',
    ),
    row('admin.conf', 'ca', 'admin.conf', -2 * SECOND, /^<invalid>$/, '<invalid>'),
    row('pki/etcd/ca.crt', 'etcd/ca', 'etcd-ca', -HOUR, /^<invalid>$/, '<invalid>'),
  ],
}

describe('residual times in the wording of 1.20 and of 1.31', () => {
  test.each(Object.entries(WORDINGS))('%s', async (_, wordings) => {
    const root = copyOf('plain')
    const now = new Date(Math.floor(Date.now() / SECOND) * SECOND)
    for (const { file, ca, ends } of wordings) {
      const to = new Date(now.getTime() + ends)
      await redate(root, file, ca, { from: new Date(to.getTime() - YEAR), to })
    }
    const tables = await kubeadmTables(root)
    const reworded = modern(tables, ([name = '', expires = '', residual = '', ...rest]) => {
      const wording = wordings.find(one => one.name === name)
      if (wording) expect(residual).toMatch(wording.short)
      return [name, expires, wording?.human ?? residual, ...rest]
    })
    expect(await kubepkiTables(root, now)).toBe(reworded)
  })
})
