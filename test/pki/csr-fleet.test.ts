/** What Machines, an inventory and the API server's own names do to verdicts. */
import { describe, expect, it } from 'vitest'
import { type MachineObject, parseMachineObject } from '../../src/kubernetes/machine-object.ts'
import { parseNodeInventory } from '../../src/kubernetes/node-inventory.ts'
import { type NodeObject, parseNodeObject } from '../../src/kubernetes/node-object.ts'
import { factsOf } from '../../src/pki/csr/facts.ts'
import { type Fleet, fleetOf } from '../../src/pki/csr/fleet.ts'
import { POLICIES, type Policy } from '../../src/pki/csr/policy.ts'
import { judge } from '../../src/pki/csr/verdict.ts'
import {
  clientRequest,
  csrOf,
  nodeObject,
  type ObjectSpec,
  OPENSHIFT_BOOTSTRAPPER,
  servingRequest,
  WORKER_1,
} from '../support/pkcs10.ts'

const NOW = new Date('2026-12-01T00:10:00Z')
const KUBELET = POLICIES.kubelet as Policy
const OPENSHIFT = POLICIES['openshift-node'] as Policy

const machine = (name: string, more: Partial<MachineObject> = {}): MachineObject => ({
  name: `machine-${name}`,
  creationTimestamp: new Date('2026-11-30T23:30:00Z'),
  addresses: [{ type: 'InternalDNS', address: name }],
  ...more,
})

function verdict(spec: ObjectSpec, fleet: Fleet, policy: Policy): { outcome: string; failed: string[] } {
  const { outcome, rules } = judge(factsOf(csrOf(spec), { now: NOW, ...fleet }), policy)
  return {
    outcome,
    failed: rules.filter(({ ok, level }) => !ok && level === 'must').map(({ code }) => code),
  }
}

const right = (outcome: string, ...failed: string[]) => ({ outcome, failed })
const joining = () => clientRequest({ node: 'worker-9', ...OPENSHIFT_BOOTSTRAPPER })

describe('who joins by the policy of OpenShift', () => {
  const joins = (machines: readonly MachineObject[]) =>
    verdict(joining(), fleetOf({ nodes: [WORKER_1], machines }), OPENSHIFT)

  it.each<readonly [string, readonly MachineObject[], ReturnType<typeof right>]>([
    ['a Machine that has no node awaits it', [machine('worker-9')], right('approve')],
    ['its name in another case, with a dot', [machine('WORKER-9.')], right('approve')],
    [
      'by its Hostname',
      [machine('x', { addresses: [{ type: 'Hostname', address: 'worker-9' }] })],
      right('approve'),
    ],
    ['no Machines are kept', [], right('approve')],
    ['no Machine has the name', [machine('worker-8')], right('leave', 'EXPECTED')],
    [
      'an ExternalDNS is not what a node is called',
      [machine('x', { addresses: [{ type: 'ExternalDNS', address: 'worker-9' }] })],
      right('leave', 'EXPECTED'),
    ],
    [
      'the Machine has its node',
      [machine('worker-9', { nodeName: 'worker-nine' })],
      right('leave', 'EXPECTED'),
    ],
    ['two Machines', [machine('worker-9'), machine('worker-9')], right('leave', 'EXPECTED')],
    [
      'asked nine seconds before its Machine was made',
      [machine('worker-9', { creationTimestamp: new Date('2026-12-01T00:00:09Z') })],
      right('approve'),
    ],
    [
      'asked eleven seconds before its Machine was made',
      [machine('worker-9', { creationTimestamp: new Date('2026-12-01T00:00:11Z') })],
      right('leave', 'EXPECTED'),
    ],
    [
      'two hours after its Machine was made',
      [machine('worker-9', { creationTimestamp: new Date('2026-11-30T22:00:00Z') })],
      right('approve'),
    ],
    [
      'a second later',
      [machine('worker-9', { creationTimestamp: new Date('2026-11-30T21:59:59Z') })],
      right('leave', 'EXPECTED'),
    ],
    [
      'nobody says when the Machine was made',
      [{ name: 'm', addresses: [{ type: 'Hostname', address: 'worker-9' }] }],
      right('leave', 'EXPECTED'),
    ],
  ])('%s', (_, machines, wanted) => {
    expect(joins(machines)).toEqual(wanted)
  })

  it('asks a node that renews for no Machine', () => {
    const renewal = clientRequest({
      username: 'system:node:worker-1',
      groups: ['system:nodes', 'system:authenticated'],
    })
    expect(verdict(renewal, fleetOf({ nodes: [WORKER_1], machines: [machine('x')] }), OPENSHIFT)).toEqual(
      right('approve'),
    )
  })
})

describe('an inventory', () => {
  const inventory = parseNodeInventory({
    apiVersion: 'kubepki/v1',
    kind: 'NodeInventory',
    nodes: { 'worker-1': ['10.0.0.1'], 'worker-9': ['10.0.0.9', 'worker-9.example.com'] },
  }) as readonly NodeObject[]
  const asks = (spec: ObjectSpec, nodes?: readonly NodeObject[]) =>
    verdict(spec, fleetOf({ nodes, inventory }), KUBELET)
  const client = (node: string) => clientRequest({ node })
  const serving = (...names: string[]) => servingRequest({ node: 'worker-9', request: { names } })

  it('says who may join, beside the Nodes that are there', () => {
    expect(asks(client('worker-9'), [WORKER_1])).toEqual(right('approve'))
    expect(asks(client('worker-8'), [WORKER_1])).toEqual(right('leave', 'EXPECTED'))
  })

  it('does not say that a node is there, nor that it is not', () => {
    expect(asks(client('worker-1'), [WORKER_1])).toEqual(right('leave', 'NODE_NEW', 'EXPECTED'))
    expect(asks(client('worker-9'))).toEqual(right('leave', 'NODE_NEW'))
  })

  it('knows names and addresses', () => {
    expect(asks(serving('DNS:worker-9', 'DNS:worker-9.example.com', 'IP:10.0.0.9'))).toEqual(right('approve'))
    expect(asks(serving('DNS:worker-9', 'IP:10.0.0.8'))).toEqual(right('leave', 'ADDRESSES_KNOWN'))
    expect(asks(serving('DNS:worker-9', 'IP:10.0.0.1'))).toEqual(
      right('deny', 'ANOTHER_NODE', 'ADDRESSES_KNOWN'),
    )
  })

  it.each([
    [{ kind: 'NodeInventory', nodes: { a: ['10.0.0.1'] } }, 'wanted apiVersion: kubepki/v1'],
    [{ apiVersion: 'kubepki/v1', kind: 'NodeInventory' }, 'nodes: wanted names'],
    [{ apiVersion: 'kubepki/v1', kind: 'NodeInventory', nodes: { a: '10.0.0.1' } }, 'nodes.a: wanted'],
    [{ apiVersion: 'kubepki/v1', kind: 'NodeInventory', nodes: { a: ['10.0.0.1/24'] } }, 'nodes.a: wanted'],
    [{ apiVersion: 'kubepki/v1', kind: 'NodeInventory', nodes: { 'A b': [] } }, 'nodes.A b: wanted'],
    [{ apiVersion: 'kubepki/v1', kind: 'NodeInventory', nodes: { a: ['10.0.0.999'] } }, 'nodes.a: wanted'],
    [{ apiVersion: 'kubepki/v1', kind: 'NodeInventory', node: { a: [] } }, 'unknown key node'],
  ])('%j is refused', (value, problem) => {
    expect(parseNodeInventory(value)).toEqual({ problem: expect.stringContaining(problem) })
  })
})

describe('what is known of a node', () => {
  it('is what the Node, its Machine and the inventory say', () => {
    const mine = machine('n', {
      nodeName: 'worker-1',
      addresses: [{ type: 'ExternalIP', address: '1.2.3.4' }],
    })
    const { nodes } = fleetOf({ nodes: [WORKER_1], machines: [mine] })
    expect(nodes?.map(({ name, addresses }) => [name, addresses.map(({ address }) => address)])).toEqual([
      ['worker-1', ['worker-1', '10.0.0.1', '1.2.3.4']],
    ])
  })

  it('may be what a Machine alone says', () => {
    const mine = machine('n', {
      nodeName: 'worker-1',
      addresses: [
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'InternalDNS', address: 'worker-1' },
      ],
    })
    expect(verdict(servingRequest(), fleetOf({ machines: [mine] }), KUBELET)).toEqual(right('approve'))
  })

  it('stays unclear where two Nodes have one name', () => {
    const twice = fleetOf({
      nodes: [WORKER_1, WORKER_1],
      machines: [machine('worker-1', { nodeName: 'worker-1' })],
    })
    expect(verdict(servingRequest(), twice, KUBELET)).toEqual(right('leave', 'NODE_KNOWN'))
  })

  it('is read from objects', () => {
    const metadata = { name: 'm', creationTimestamp: '2026-11-30T23:30:00Z' }
    const status = { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }], nodeRef: { name: 'n' } }
    const read = {
      name: 'm',
      creationTimestamp: new Date('2026-11-30T23:30:00Z'),
      nodeName: 'n',
      addresses: status.addresses,
    }
    const object = { apiVersion: 'machine.openshift.io/v1beta1', kind: 'Machine', metadata, status }
    expect(parseMachineObject(object)).toEqual(read)
    expect(parseMachineObject({ ...object, apiVersion: 'cluster.x-k8s.io/v1beta1' })).toEqual(read)
    expect(parseMachineObject({ ...object, apiVersion: 'example.com/v1' })).toBeUndefined()
    expect(parseMachineObject({ metadata, status }, true)).toEqual(read)
    const labels = { 'node-role.kubernetes.io/master': '' }
    const daemonEndpoints = { kubeletEndpoint: { Port: 10251 } }
    const node = { kind: 'Node', metadata: { name: 'n', labels }, status: { daemonEndpoints } }
    expect(parseNodeObject(node)).toEqual({
      ...{ name: 'n', addresses: [], isControlPlane: true, kubeletPort: 10251 },
    })
    expect(
      parseNodeObject({
        kind: 'Node',
        metadata: { name: 'n' },
        status: { daemonEndpoints: { kubeletEndpoint: { Port: 70_000 } } },
      }),
    ).toEqual({ name: 'n', addresses: [] })
  })
})

describe('C20 the names of the API server', () => {
  const apiServerNames = ['api.example.com', 'kubernetes', '10.96.0.1', '10.0.0.1', 'cp-1', '127.0.0.1']
  const asks = (names: readonly string[], node: NodeObject) =>
    verdict(
      servingRequest({ node: node.name, request: { names } }),
      { nodes: [node], apiServerNames },
      KUBELET,
    )
  const cp = nodeObject('cp-1', 'Hostname=cp-1', 'InternalIP=10.0.0.1')

  it.each(['DNS:API.example.com', 'DNS:api.example.com.', 'IP:10.96.0.1', 'IP:::ffff:10.96.0.1'])(
    'no node has %s',
    name => {
      const { outcome, failed } = asks(['DNS:worker-1', name], nodeObject('worker-1', 'Hostname=worker-1'))
      expect(outcome).toBe('deny')
      expect(failed).toContain('API_SERVER')
    },
  )

  it('a control-plane node has its own', () => {
    const own = ['DNS:cp-1', 'IP:10.0.0.1']
    expect(asks(own, { ...cp, isControlPlane: true })).toEqual(right('approve'))
    expect(asks(own, cp)).toEqual(right('leave', 'API_SERVER_NODE'))
  })

  it('a Node that says they are its own, and is none of the control plane, is left', () => {
    const liar = nodeObject('worker-1', 'Hostname=worker-1', 'InternalIP=10.96.0.1')
    expect(asks(['DNS:worker-1', 'IP:10.96.0.1'], liar)).toEqual(right('leave', 'API_SERVER_NODE'))
  })

  it('loopback is nobody’s', () => {
    const policy = {
      ...KUBELET,
      parts: KUBELET.parts.map(part => ({ ...part, levels: { LOOPBACK: 'ignore' } })),
    }
    const asked = servingRequest({ request: { names: ['DNS:worker-1', 'IP:127.0.0.1'] } })
    expect(verdict(asked, { nodes: [WORKER_1], apiServerNames }, policy as Policy)).toEqual(right('approve'))
  })
})
