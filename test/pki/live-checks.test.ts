/** What no listener on a test's machine can show: the age of processes, and the addresses of this machine itself. */
import { describe, expect, it } from 'vitest'
import { LIVE_CHECKS } from '../../src/pki/checks/live.ts'
import { unseenLive } from '../../src/pki/checks/live-unseen.ts'
import { notLookedAt } from '../../src/pki/checks/needs.ts'
import type { Evidence } from '../../src/pki/evidence.ts'
import type { LiveEndpoint, LiveEvidence } from '../../src/pki/live-evidence.ts'
import { decideLocations } from '../../src/pki/locations.ts'
import type { NodeRole, PlacedPod } from '../../src/pki/snapshot.ts'

const NOW = new Date('2026-12-01T00:00:00Z')
const DAY = 86_400_000

function pod(component: string, version: string | undefined): PlacedPod {
  const file = { path: `/etc/kubernetes/manifests/${component}.yaml`, source: 'default' }
  return { value: { component, ...(version && { version }), flags: new Map(), mounts: [] }, source: '', file }
}

/** Not of interest here. */
const UNKNOWN = {
  serviceAccount: { publicKeys: { state: 'missing' }, privateKey: { state: 'missing' } },
  ...{ unreadableManifests: [], flagFiles: [], forbidden: { requests: [], backups: [] } },
  kubelet: { configuration: { state: 'present' } },
  files: { statuses: [] },
}

interface Node {
  readonly version?: string | undefined
  readonly role?: NodeRole
  readonly live?: Partial<LiveEvidence>
}

function evidenceOf({ version, role = 'control-plane', live }: Node): Evidence {
  const pods = [pod('kube-apiserver', version)]
  const snapshot = {
    ...{ pods, role, entries: [], serviceAccount: [], commandFlags: '' },
    locations: decideLocations({ flags: {}, pods: [] }),
  }
  const nothing: LiveEvidence = { endpoints: [], processes: [], changedAt: new Map(), isOtherRoot: false }
  const rest = { now: NOW, within: 30 * DAY, copies: [], keys: new Map(), facts: {}, ...UNKNOWN }
  return { snapshot, ...rest, ...(live && { live: { ...nothing, ...live } }) } as unknown as Evidence
}

function found(node: Node): string[] {
  return LIVE_CHECKS.flatMap(({ code, severity, find }) =>
    find(evidenceOf(node)).map(one => `${one.severity ?? severity} ${code} ${one.certificate}`),
  )
}

const running = (days: number): Partial<LiveEvidence> => ({
  processes: [{ pid: 1, component: 'kube-apiserver', startedAt: new Date(NOW.getTime() - days * DAY) }],
})

describe('LOOPBACK_RISK', () => {
  it.each([
    ['1.31.4', 329, []],
    ['1.31.4', 331, ['warning LOOPBACK_RISK kube-apiserver']],
    ['1.33.0', 400, []],
    ['1.33.0', 1061, ['warning LOOPBACK_RISK kube-apiserver']],
    [undefined, 331, ['info LOOPBACK_RISK kube-apiserver']],
  ])('of %s after %i days: %j', (version, days, expected) => {
    expect(found({ version, live: running(days) })).toEqual(expected)
  })

  it('says since when, and what to do', () => {
    const evidence = evidenceOf({ version: '1.31.4', live: running(400) })
    const [finding] = LIVE_CHECKS.find(({ code }) => code === 'LOOPBACK_RISK')?.find(evidence) ?? []
    expect(finding?.found).toBe('pid 1 runs since 2025-10-27T00:00:00Z: 400d')
    expect(finding?.expected).toMatch(/^started within the last 330 days: .* for 365 days$/)
    expect(finding?.remedy).toMatch(/^mv \/etc\/kubernetes\/manifests\/kube-apiserver.yaml \/root\//)
  })
})

describe('ENDPOINT_UNREACHABLE', () => {
  const endpoint = (state: LiveEndpoint['state'], more: Partial<LiveEndpoint> = {}): LiveEndpoint => ({
    ...{ component: 'kube-scheduler', role: 'serving', host: '127.0.0.1', port: 10259 },
    ...{ state, chain: [], isConnected: false },
    ...more,
  })

  it.each([
    ['refused', false, 'info'],
    ['silent', false, 'warning'],
    ['silent', true, 'info'],
  ] as const)('%s, of another root: %s, is %s', (state, isOtherRoot, severity) => {
    const live = { endpoints: [endpoint(state)], isOtherRoot }
    expect(found({ live })).toEqual([`${severity} ENDPOINT_UNREACHABLE kube-scheduler`])
  })

  it('is one line for a reason among what was not looked at', () => {
    const endpoints = [
      endpoint('refused'),
      endpoint('refused', { component: 'kubelet', host: '::1', port: 10250 }),
      endpoint('tls', { role: 'further', host: 'lb.example.test', port: 6443 }),
      endpoint('silent', { role: 'further', host: 'x.example.test', errorCode: 'ENOTFOUND' }),
      endpoint('silent', { role: 'peer', component: 'etcd', errorCode: 'EHOSTUNREACH' }),
    ]
    const lines = unseenLive(evidenceOf({ role: 'worker', live: { endpoints, processes: [] } }))
    expect(lines.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      'what is served by kube-scheduler at 127.0.0.1:10259, kubelet at [::1]:10250: nobody listens: connection refused',
      'what is served by --endpoint lb.example.test:6443: the handshake ended before a certificate was shown',
      'what is served by --endpoint x.example.test:10259: the name x.example.test leads to no address (ENOTFOUND)',
      'what is served by etcd (peers) at 127.0.0.1:10259: no way there (EHOSTUNREACH)',
      'since when they run: kube-apiserver: no process has the command of its manifest',
    ])
  })
})

describe('what is not looked at', () => {
  const whats = (node: Node) => notLookedAt(evidenceOf(node)).map(({ what }) => what)

  it('are all processes without --live', () => {
    expect(whats({})).toContain('what the processes serve')
    expect(whats({ live: {} })).not.toContain('what the processes serve')
  })

  it('are processes that the machine does not show, and components without a manifest', () => {
    expect(whats({ live: { processes: undefined } })).toContain('since when the processes run')
    expect(whats({ live: {} })).toContain('what is served by etcd, kube-controller-manager, kube-scheduler')
  })
})
