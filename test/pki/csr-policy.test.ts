/** The requests that people have met in the wild, each with the verdict that is right for it. */
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { factsOf, peerOf, type Surroundings } from '../../src/pki/csr/facts.ts'
import { POLICIES, type Policy, parsePolicy } from '../../src/pki/csr/policy.ts'
import type { CsrVerdict, Outcome } from '../../src/pki/csr/rule.ts'
import { brokenRules, judge } from '../../src/pki/csr/verdict.ts'
import {
  clientRequest,
  csrOf,
  type NameValue,
  newKey,
  newRsaKey,
  nodeObject,
  type ObjectSpec,
  OPENSHIFT_BOOTSTRAPPER,
  servingRequest,
  WORKER_1,
  WORKER_2,
} from '../support/pkcs10.ts'

const NOW = new Date('2026-12-01T00:10:00Z')
const KUBELET = POLICIES.kubelet as Policy
const OPENSHIFT = POLICIES['openshift-node'] as Policy

function policyOf(text: string): Policy {
  const policy = parsePolicy(`{apiVersion: kubepki/v1, kind: CsrPolicy, extends: kubelet-serving, ${text}}`)
  if ('problem' in policy) throw new Error(policy.problem)
  return policy
}

interface Setting extends Partial<Surroundings> {
  readonly policy?: Policy
  readonly others?: readonly ObjectSpec[]
}

function vet(
  spec: ObjectSpec,
  { policy = KUBELET, others = [], nodes = [WORKER_1, WORKER_2], ...around }: Setting = {},
): CsrVerdict {
  const csr = csrOf(spec)
  const all = [csr, ...others.map(csrOf)].map(peerOf)
  return judge(factsOf(csr, { now: NOW, nodes, all, ...around }), policy)
}

/** Codes of the must-rules that fail. */
function failed({ rules }: CsrVerdict): string[] {
  return rules.filter(({ ok, level }) => !ok && level === 'must').map(({ code }) => code)
}

function noted({ rules }: CsrVerdict): string[] {
  return rules.filter(({ ok, level }) => !ok && level === 'should').map(({ code }) => code)
}

const nodeSubject = (cn: string, ...organizations: readonly string[]): NameValue[] => [
  ...organizations.map((one): NameValue => ['O', one]),
  ['CN', cn],
]

interface Case {
  readonly is: string
  readonly request: ObjectSpec
  readonly setting?: Setting
  readonly verdict: Outcome
  /** Of these must-rules that fail, exactly. */
  readonly because?: readonly string[]
  readonly notes?: readonly string[]
}

const serving = servingRequest
const client = clientRequest
const withNames = (...names: readonly string[]) => serving({ request: { names } })
const subject = (cn: string, ...organizations: readonly string[]) =>
  serving({ request: { subject: nodeSubject(cn, ...organizations) } })
const pending = { name: 'other', made: '2026-12-01T00:05:00Z' }
const SHARED = newKey()

const CASES: readonly Case[] = [
  { is: 'a right serving request', request: serving(), verdict: 'approve' },
  {
    is: 'a right client request of a node that joins',
    request: client({ node: 'worker-9' }),
    verdict: 'approve',
  },
  {
    is: "a node's own renewal",
    request: client({ username: 'system:node:worker-1', groups: ['system:nodes', 'system:authenticated'] }),
    verdict: 'approve',
  },
  {
    is: 'C1 another signer, with what a kubelet asks for',
    request: serving({ signerName: 'kubernetes.io/kube-apiserver-client' }),
    verdict: 'leave',
    because: ['POLICY_SIGNER'],
  },
  {
    is: 'C1 legacy-unknown',
    request: serving({ signerName: 'kubernetes.io/legacy-unknown' }),
    verdict: 'leave',
    because: ['POLICY_SIGNER'],
  },
  {
    is: 'C1 a custom signer',
    request: serving({ signerName: 'example.com/kubelet-serving' }),
    verdict: 'leave',
    because: ['POLICY_SIGNER'],
  },
  {
    is: 'C2 a person asks for a node',
    request: serving({ username: 'jane', groups: ['dev', 'system:authenticated'] }),
    verdict: 'deny',
    because: ['REQUESTER', 'REQUESTER_IS_SUBJECT', 'REQUESTER_GROUPS'],
  },
  {
    is: 'C2 a ServiceAccount asks for a node',
    request: serving({
      username: 'system:serviceaccount:default:default',
      groups: ['system:serviceaccounts', 'system:authenticated'],
    }),
    verdict: 'deny',
    because: ['REQUESTER', 'REQUESTER_IS_SUBJECT', 'REQUESTER_GROUPS'],
  },
  {
    is: 'C3 one node asks for another',
    request: serving({ username: 'system:node:worker-2' }),
    verdict: 'deny',
    because: ['REQUESTER_IS_SUBJECT'],
  },
  {
    is: 'C3 one node asks for the client certificate of another',
    request: client({ username: 'system:node:worker-2', groups: ['system:nodes', 'system:authenticated'] }),
    verdict: 'deny',
    because: ['REQUESTER_IS_SUBJECT'],
  },
  {
    is: 'C4 a bootstrap token asks for a serving certificate',
    request: serving({
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:authenticated'],
    }),
    verdict: 'deny',
    because: ['REQUESTER', 'REQUESTER_IS_SUBJECT', 'REQUESTER_GROUPS'],
  },
  {
    is: "C4 OpenShift's node-bootstrapper, first join",
    request: client({ node: 'worker-9', ...OPENSHIFT_BOOTSTRAPPER }),
    setting: { policy: OPENSHIFT },
    verdict: 'approve',
  },
  {
    is: "C4 OpenShift's node-bootstrapper in one group too many",
    request: client({
      node: 'worker-9',
      ...OPENSHIFT_BOOTSTRAPPER,
      groups: [...OPENSHIFT_BOOTSTRAPPER.groups, 'system:masters'],
    }),
    setting: { policy: OPENSHIFT },
    verdict: 'leave',
    because: ['REQUESTER_GROUPS'],
  },
  {
    is: "C4 OpenShift's node-bootstrapper asks for a serving certificate: never denied there",
    request: serving(OPENSHIFT_BOOTSTRAPPER),
    setting: { policy: OPENSHIFT },
    verdict: 'leave',
    because: ['REQUESTER', 'REQUESTER_IS_SUBJECT', 'REQUESTER_GROUPS'],
  },
  {
    is: 'C4 OpenShift, the node exists already',
    request: client(OPENSHIFT_BOOTSTRAPPER),
    setting: { policy: OPENSHIFT },
    verdict: 'leave',
    because: ['NODE_NEW'],
  },
  {
    is: 'C4 OpenShift, three hours old',
    request: client({ node: 'worker-9', ...OPENSHIFT_BOOTSTRAPPER, made: '2026-11-30T21:00:00Z' }),
    setting: { policy: OPENSHIFT },
    verdict: 'leave',
    because: ['WINDOW'],
  },
  {
    is: 'C5 not in system:nodes',
    request: serving({ groups: ['system:authenticated'] }),
    verdict: 'deny',
    because: ['REQUESTER_GROUPS'],
  },
  {
    is: 'C5 not in system:authenticated',
    request: serving({ groups: ['system:nodes'] }),
    verdict: 'deny',
    because: ['REQUESTER_GROUPS'],
  },
  {
    is: 'C6 a serving request before there is a Node',
    request: serving({ node: 'worker-9' }),
    setting: { nodes: [WORKER_2] },
    verdict: 'leave',
    because: ['NODE_KNOWN', 'ADDRESSES_KNOWN', 'DNS_NAMES_KNOWN'],
  },
  { is: 'C6 no Nodes were given', request: serving(), setting: { nodes: undefined }, verdict: 'approve' },
  {
    is: 'C9 O has system:masters too',
    request: subject('system:node:worker-1', 'system:nodes', 'system:masters'),
    verdict: 'deny',
    because: ['SIGNER_ORGANIZATION'],
  },
  {
    is: 'C9 O is system:masters',
    request: subject('system:node:worker-1', 'system:masters'),
    verdict: 'deny',
    because: ['SIGNER_ORGANIZATION'],
  },
  {
    is: 'C9 O is system:nodes twice',
    request: subject('system:node:worker-1', 'system:nodes', 'system:nodes'),
    verdict: 'deny',
    because: ['SIGNER_ORGANIZATION'],
  },
  ...[
    ['an empty name', ''],
    ['upper case', 'Worker-1'],
    ['a dot at its end', 'worker-1.'],
    ['a space', 'worker 1'],
    ['a letter that is not ASCII', 'wörker-1'],
    ['a NUL and a direction mark', 'worker-1\u0000\u202e'],
  ].map(([what, node = '']) => ({
    is: `C10 a node name with ${what}`,
    request: serving({
      username: `system:node:${node}`,
      request: { subject: nodeSubject(`system:node:${node}`, 'system:nodes') },
    }),
    verdict: 'deny' as const,
    because: ['NODE_NAME', 'NODE_KNOWN', 'ANOTHER_NODE', 'ADDRESSES_KNOWN', 'DNS_NAMES_KNOWN'],
  })),
  {
    is: 'C12 a CN longer than 64 bytes',
    request: client({ node: `${'a'.repeat(60)}.example.com` }),
    verdict: 'approve',
    notes: ['COMMON_NAME_LENGTH'],
  },
  { is: 'C13 serving without a SAN', request: withNames(), verdict: 'deny', because: ['SIGNER_SANS'] },
  { is: 'C13 DNS alone', request: withNames('DNS:worker-1'), verdict: 'approve', notes: ['HAS_ADDRESS'] },
  {
    is: 'C13 DNS alone, held by policy',
    request: withNames('DNS:worker-1'),
    setting: { policy: policyOf('rules: {HAS_ADDRESS: must}') },
    verdict: 'leave',
    because: ['HAS_ADDRESS'],
  },
  {
    is: 'C13 IP alone, the host name is one',
    request: serving({ node: '10.0.0.7', request: { names: ['IP:10.0.0.7'] } }),
    setting: { nodes: [nodeObject('10.0.0.7', 'Hostname=10.0.0.7', 'InternalIP=10.0.0.7')] },
    verdict: 'approve',
  },
  {
    is: 'C14 a client request with a SAN',
    request: client({ node: 'worker-9', request: { names: ['DNS:worker-9'] } }),
    verdict: 'deny',
    because: ['SIGNER_SANS'],
  },
  {
    is: 'C15 two DNS names and several addresses, all of the Node',
    request: withNames('DNS:worker-1', 'DNS:worker-1.ec2.internal', 'IP:10.0.0.1', 'IP:54.1.2.3'),
    setting: {
      nodes: [
        nodeObject(
          'worker-1',
          'Hostname=worker-1',
          'InternalDNS=worker-1.ec2.internal',
          'InternalIP=10.0.0.1',
          'ExternalIP=54.1.2.3',
        ),
      ],
    },
    verdict: 'approve',
  },
  {
    is: 'C16 a short name, the Node has the long one too',
    request: withNames('DNS:worker-1', 'IP:10.0.0.1'),
    setting: {
      nodes: [
        nodeObject(
          'worker-1',
          'Hostname=worker-1',
          'InternalDNS=worker-1.example.com',
          'InternalIP=10.0.0.1',
        ),
      ],
    },
    verdict: 'approve',
  },
  {
    is: 'C16 a name that only begins as the node',
    request: withNames('DNS:worker-1.evil.example', 'IP:10.0.0.1'),
    verdict: 'leave',
    because: ['DNS_NAMES_KNOWN'],
  },
  {
    is: 'C16 the case of a DNS name says nothing',
    request: withNames('DNS:WORKER-1', 'IP:10.0.0.1'),
    verdict: 'approve',
  },
  {
    is: 'C17 a virtual address that the Node does not have now',
    request: withNames('DNS:worker-1', 'IP:10.0.0.1', 'IP:10.0.0.100'),
    verdict: 'leave',
    because: ['ADDRESSES_KNOWN'],
  },
  {
    is: 'C17 the same, in the list of the policy',
    request: withNames('DNS:worker-1', 'IP:10.0.0.1', 'IP:10.0.0.100'),
    setting: { policy: policyOf('parameters: {extraAddresses: [10.0.0.100]}') },
    verdict: 'approve',
  },
  {
    is: 'C17 an IPv4 address in sixteen bytes is the same',
    request: withNames('DNS:worker-1', 'IP:::ffff:10.0.0.1'),
    verdict: 'approve',
  },
  {
    is: 'C17 IPv6 written in two ways',
    request: withNames('DNS:worker-1', 'IP:2001:db8::1'),
    setting: { nodes: [nodeObject('worker-1', 'Hostname=worker-1', 'InternalIP=2001:0DB8:0:0::0001')] },
    verdict: 'approve',
  },
  ...['IP:127.0.0.1', 'IP:::1', 'DNS:localhost'].flatMap(name => [
    {
      is: `C19 ${name}`,
      request: withNames('DNS:worker-1', 'IP:10.0.0.1', name),
      verdict: 'leave' as const,
      because: ['LOOPBACK'],
    },
    {
      is: `C19 ${name}, allowed`,
      request: withNames('DNS:worker-1', 'IP:10.0.0.1', name),
      setting: { policy: policyOf('parameters: {loopbackNames: true}') },
      verdict: 'approve' as const,
    },
  ]),
  ...[
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'Kubernetes.Default.SVC',
    'a.b.svc',
    'x.cluster.local',
  ].map(name => ({
    is: `C20 ${name}`,
    request: withNames('DNS:worker-1', `DNS:${name}`),
    verdict: 'deny' as const,
    because: ['CLUSTER_SERVICE', 'DNS_NAMES_KNOWN'],
  })),
  ...[
    ['the service address', 'IP:10.96.0.1', 'ADDRESSES_KNOWN'],
    ['the endpoint', 'DNS:api.example.com', 'DNS_NAMES_KNOWN'],
    ['a name below a forbidden domain', 'DNS:a.b.corp', 'DNS_NAMES_KNOWN'],
  ].map(([what, name = '', unknown = '']) => ({
    is: `C20 ${what}`,
    request: withNames('DNS:worker-1', name),
    setting: { policy: policyOf('parameters: {forbiddenNames: [10.96.0.0/12, api.example.com, "*.corp"]}') },
    verdict: 'deny' as const,
    because: ['CLUSTER_SERVICE', unknown],
  })),
  ...(
    [
      ["C20 another node's address", ['DNS:worker-1', 'IP:10.0.0.2'], ['ANOTHER_NODE', 'ADDRESSES_KNOWN']],
      ["C20 another node's name", ['DNS:WORKER-2', 'IP:10.0.0.1'], ['ANOTHER_NODE', 'DNS_NAMES_KNOWN']],
      [
        "C20 another node's address in sixteen bytes",
        ['DNS:worker-1', 'IP:::ffff:10.0.0.2'],
        ['ANOTHER_NODE', 'ADDRESSES_KNOWN'],
      ],
      ['C21 a wildcard', ['DNS:*.example.com', 'IP:10.0.0.1'], ['WILDCARD', 'DNS_NAMES_KNOWN']],
      ['C21 a URI', ['DNS:worker-1', 'URI:spiffe://a/b'], ['SIGNER_SANS', 'SAN_KINDS']],
      ['C21 an e-mail address', ['DNS:worker-1', 'email:a@b.example'], ['SIGNER_SANS', 'SAN_KINDS']],
      ['C21 otherName', ['DNS:worker-1', 'other:admin@corp'], ['SAN_KINDS']],
    ] as const
  ).map(([is, names, because]) => ({ is, request: withNames(...names), verdict: 'deny' as const, because })),
  { is: 'C23 a DNS name that nobody resolves: nobody is asked', request: serving(), verdict: 'approve' },
  {
    is: 'C24 a name twice',
    request: withNames('DNS:worker-1', 'DNS:Worker-1', 'IP:10.0.0.1'),
    verdict: 'deny',
    because: ['SAN_TWICE'],
  },
  {
    is: 'C24 more than a hundred names',
    request: withNames('DNS:worker-1', ...Array.from({ length: 101 }, (_, n) => `IP:10.1.0.${n}`)),
    verdict: 'deny',
    because: ['ADDRESSES_KNOWN', 'SAN_COUNT'],
  },
  {
    is: 'C24 a name of 254 characters',
    request: withNames('DNS:worker-1', `DNS:${'a.'.repeat(126)}aa`),
    verdict: 'deny',
    because: ['DNS_NAMES_KNOWN', 'SAN_COUNT'],
  },
  {
    is: 'C26 the short set of usages',
    request: serving({ usages: ['server auth', 'digital signature'] }),
    verdict: 'approve',
  },
  {
    is: 'C26 the short set of a client',
    request: client({ node: 'worker-9', usages: ['client auth', 'digital signature'] }),
    verdict: 'approve',
  },
  {
    is: 'C27 server and client',
    request: serving({ usages: ['digital signature', 'server auth', 'client auth'] }),
    verdict: 'deny',
    because: ['SIGNER_USAGES'],
  },
  { is: 'C27 any', request: serving({ usages: ['any'] }), verdict: 'deny', because: ['SIGNER_USAGES'] },
  {
    is: 'C27 cert sign',
    request: serving({ usages: ['digital signature', 'server auth', 'cert sign'] }),
    verdict: 'deny',
    because: ['SIGNER_USAGES'],
  },
  {
    is: 'C28 the request itself wants to be a CA',
    request: serving({ request: { isCa: true } }),
    verdict: 'approve',
    notes: ['EXTENSIONS'],
  },
  {
    is: 'C28 the request itself wants another usage',
    request: serving({ request: { extKeyUsage: ['1.3.6.1.5.5.7.3.2'] } }),
    verdict: 'approve',
    notes: ['EXTENSIONS'],
  },
  {
    is: 'C31 RSA of 1024 bits',
    request: serving({ request: { key: newRsaKey(1024) } }),
    verdict: 'deny',
    because: ['KEY_ALGORITHM'],
  },
  { is: 'C31 RSA of 2048 bits', request: serving({ request: { key: newRsaKey(2048) } }), verdict: 'approve' },
  {
    is: 'C31 P-224',
    request: serving({ request: { key: newKey('secp224r1') } }),
    verdict: 'deny',
    because: ['KEY_ALGORITHM'],
  },
  {
    is: 'C31 secp256k1, which Go does not read',
    request: serving({ request: { key: newKey('secp256k1') } }),
    verdict: 'deny',
    because: ['REQUEST_PKCS10', 'KEY_ALGORITHM'],
  },
  {
    is: 'C31 Ed25519',
    request: serving({ request: { key: generateKeyPairSync('ed25519').privateKey } }),
    verdict: 'deny',
    because: ['KEY_ALGORITHM'],
  },
  {
    is: 'C31 Ed25519, allowed',
    request: serving({ request: { key: generateKeyPairSync('ed25519').privateKey } }),
    setting: { policy: policyOf('parameters: {keyAlgorithms: [Ed25519]}') },
    verdict: 'approve',
  },
  {
    is: 'C32 signed with another key',
    request: serving({ request: { signingKey: newKey() } }),
    verdict: 'deny',
    because: ['REQUEST_SIGNATURE'],
  },
  {
    is: 'C32 the key of another node',
    request: serving({ request: { key: SHARED } }),
    setting: { others: [client({ ...pending, node: 'worker-2', request: { key: SHARED } })] },
    verdict: 'deny',
    because: ['KEY_REUSE'],
  },
  {
    is: 'C34 base64 twice',
    request: serving({ pem: Buffer.from(serving().pem).toString('base64') }),
    verdict: 'deny',
    because: ['REQUEST_PEM'],
  },
  { is: 'C34 empty', request: serving({ pem: '' }), verdict: 'deny', because: ['REQUEST_PEM'] },
  { is: 'C34 no PEM', request: serving({ pem: 'jane' }), verdict: 'deny', because: ['REQUEST_PEM'] },
  {
    is: 'C37 nine minutes',
    request: serving({ expirationSeconds: 540 }),
    verdict: 'deny',
    because: ['EXPIRATION_SECONDS'],
  },
  {
    is: 'C37 two years',
    request: serving({ expirationSeconds: 2 * 365 * 86_400 }),
    verdict: 'deny',
    because: ['EXPIRATION'],
  },
  {
    is: 'C37 longer than the policy has it',
    request: serving({ expirationSeconds: 7200 }),
    setting: { policy: policyOf('parameters: {maxExpiration: 1h}') },
    verdict: 'deny',
    because: ['EXPIRATION'],
  },
  {
    is: 'C38 an older one of the same node',
    request: serving(),
    setting: { others: [serving(pending)] },
    verdict: 'leave',
    because: ['NEWEST'],
  },
  {
    is: 'C38 the newest of the same node',
    request: serving(pending),
    setting: { others: [serving()] },
    verdict: 'approve',
  },
  {
    is: 'C38 an older one of a node whose newer one is approved',
    request: serving(),
    setting: { others: [serving({ ...pending, conditions: [{ type: 'Approved', status: 'True' }] })] },
    verdict: 'leave',
    because: ['NEWEST'],
  },
  {
    is: 'C38 one of a node whose newer one was denied',
    request: serving(),
    setting: { others: [serving({ ...pending, conditions: [{ type: 'Denied', status: 'True' }] })] },
    verdict: 'approve',
  },
  {
    is: 'C38 a newer one of a node whose older one is approved: it rotates',
    request: serving(pending),
    setting: { others: [serving({ conditions: [{ type: 'Approved', status: 'True' }] })] },
    verdict: 'approve',
  },
  {
    is: 'C38 what a stranger asks later does not count',
    request: serving(),
    setting: { others: [serving({ ...pending, username: 'jane' })] },
    verdict: 'approve',
  },
  {
    is: 'C39 approved already',
    request: serving({ conditions: [{ type: 'Approved', status: 'True' }] }),
    verdict: 'leave',
    because: ['PENDING'],
  },
  {
    is: 'C39 approved and denied',
    request: serving({
      conditions: [
        { type: 'Approved', status: 'True' },
        { type: 'Denied', status: 'True' },
      ],
    }),
    verdict: 'leave',
    because: ['PENDING'],
  },
  {
    is: 'C39 failed',
    request: serving({
      conditions: [
        { type: 'Approved', status: 'True' },
        { type: 'Failed', status: 'True' },
      ],
    }),
    verdict: 'leave',
    because: ['PENDING'],
  },
  {
    is: 'C41 a flood: more in an hour than there are nodes',
    request: serving(),
    setting: {
      policy: policyOf('parameters: {floodLimit: 3}'),
      others: Array.from({ length: 6 }, (_, n) =>
        serving({ name: `n${n}`, node: `n${n}`, request: { key: newKey() } }),
      ),
    },
    verdict: 'leave',
    because: ['FLOOD'],
  },
  {
    is: 'C41 what would be denied is left, by policy',
    request: serving({ username: 'jane', groups: ['system:authenticated'] }),
    setting: { policy: policyOf('neverDeny: true') },
    verdict: 'leave',
    because: ['REQUESTER', 'REQUESTER_IS_SUBJECT', 'REQUESTER_GROUPS'],
  },
  {
    is: 'C42 a serving request seconds after the client one',
    request: serving(pending),
    setting: { others: [client({ name: 'c' })] },
    verdict: 'approve',
  },
  {
    is: 'C43 the Node is younger than the request',
    request: serving({ made: '2026-10-01T00:00:00Z' }),
    verdict: 'approve',
    notes: ['NODE_AGE'],
  },
  {
    is: 'two CNs, of which Go takes the last',
    request: serving({
      request: {
        subject: [
          ['O', 'system:nodes'],
          ['CN', 'system:node:worker-2'],
          ['CN', 'system:node:worker-1'],
        ],
      },
    }),
    verdict: 'deny',
    because: ['SUBJECT_ATTRIBUTES'],
  },
  {
    is: 'an OU beside',
    request: serving({
      request: {
        subject: [
          ['O', 'system:nodes'],
          ['OU', 'x'],
          ['CN', 'system:node:worker-1'],
        ],
      },
    }),
    verdict: 'deny',
    because: ['SUBJECT_ATTRIBUTES'],
  },
  {
    is: 'outside of the networks allowed',
    request: serving(),
    setting: { policy: policyOf('parameters: {allowedCidrs: [192.168.0.0/16]}') },
    verdict: 'deny',
    because: ['ADDRESS_NETWORK'],
  },
  {
    is: 'a node name that the pattern does not have',
    request: serving(),
    setting: { policy: policyOf("parameters: {nodeNamePattern: 'node-[0-9]+'}") },
    verdict: 'deny',
    because: ['NODE_NAME_PATTERN'],
  },
  {
    is: 'a DNS name that the pattern does not have: all of it has to fit',
    request: serving(),
    setting: { policy: policyOf("parameters: {dnsNamePattern: 'worker'}") },
    verdict: 'deny',
    because: ['DNS_NAME_PATTERN'],
  },
]

describe('the verdict on', () => {
  it.each(CASES.filter(({ is }) => !is.startsWith('C6 no')))(
    '$is',
    ({ request, setting, verdict, because, notes }) => {
      const found = vet(request, setting)
      expect(found.outcome, JSON.stringify(found.rules.filter(({ ok }) => !ok))).toBe(verdict)
      expect(failed(found)).toEqual(because ?? [])
      if (notes) expect(noted(found)).toEqual(expect.arrayContaining([...notes]))
      for (const { reason } of found.rules) expect(reason).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    },
  )

  it('C6 a serving request when no Nodes were given: left', () => {
    const csr = csrOf(serving())
    const found = judge(factsOf(csr, { now: NOW }), KUBELET)
    expect(found.outcome).toBe('leave')
    expect(failed(found)).toEqual(['NODE_KNOWN', 'ADDRESSES_KNOWN', 'DNS_NAMES_KNOWN'])
  })
})

describe('a pattern', () => {
  it('takes no time that grows faster than the text', () => {
    const policy = policyOf("parameters: {dnsNamePattern: '(a+)+b'}")
    const started = performance.now()
    expect(vet(withNames(`DNS:${'a'.repeat(250)}`), { policy }).outcome).toBe('deny')
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('requests beside each other', () => {
  it('says first what is dangerous, then what may pass', () => {
    const found = vet(withNames('DNS:worker-1', 'DNS:kubernetes.default'), {
      others: [serving({ ...pending, made: '2026-12-01T00:06:00Z' })],
    })
    expect(brokenRules(found).map(({ code }) => code)).toEqual([
      'CLUSTER_SERVICE',
      'NEWEST',
      'DNS_NAMES_KNOWN',
    ])
  })

  it('denies both of two nodes with one key', () => {
    const key = newKey()
    const [one, two] = [
      serving({ name: 'one', request: { key } }),
      serving({ name: 'two', node: 'worker-2', request: { key, names: ['DNS:worker-2', 'IP:10.0.0.2'] } }),
    ]
    expect(vet(one, { others: [two] }).outcome).toBe('deny')
    expect(vet(two, { others: [one] }).outcome).toBe('deny')
  })

  it('reads a request that somebody else sends again as his, and denies it', () => {
    const { pem } = serving()
    expect(failed(vet(serving({ username: 'system:node:worker-2', pem })))).toEqual(['REQUESTER_IS_SUBJECT'])
  })
})

describe('a policy file', () => {
  const parse = (text: string) =>
    parsePolicy(`apiVersion: kubepki/v1\nkind: CsrPolicy\nextends: kubelet-serving\n${text}`)
  it.each([
    ['rules: {NODE_KNOWM: must}', /unknown rule "NODE_KNOWM"; did you mean NODE_KNOWN\?/],
    ['rules: {NODE_KNOWN: musst}', /unknown level "musst"; did you mean must\?/],
    ['parameters: {maxExpirationn: 1h}', /unknown parameter "maxExpirationn"; did you mean maxExpiration\?/],
    ['parameter: {maxExpiration: 1h}', /unknown key "parameter"; did you mean parameters\?/],
    ['parameters: {maxExpiration: soon}', /maxExpiration: wanted a duration/],
    ['parameters: {allowedCidrs: [10.0.0.0/99]}', /allowedCidrs: wanted CIDRs.*found "10\.0\.0\.0\/99"/],
    ["parameters: {nodeNamePattern: '('}", /nodeNamePattern: wanted a regular expression/],
    ['parameters: {allowedRequesters: ["*"]}', /allowedRequesters/],
    ['parameters: [1]', /parameters: wanted names with values/],
    ['rules: {__proto__: must}', /unknown rule|wanted/],
    ['neverDeny: yes please', /neverDeny: wanted true or false/],
    ['rules: {FLOOD: must}\nrules: {NEWEST: ignore}', /not YAML: duplicated mapping key/],
    ['rules: {NEWEST: must, NEWEST: ignore}', /not YAML: duplicated mapping key/],
  ])('refuses %s', (text, problem) => {
    const policy = parse(text)
    expect('problem' in policy ? policy.problem : 'taken').toMatch(problem)
  })

  it.each([
    ['', /wanted one CsrPolicy, found nothing/],
    ['{', /not YAML/],
    ['a: 1', /unknown key "a"/],
    [
      '{apiVersion: v1, kind: ConfigMap}',
      /wanted apiVersion: kubepki\/v1 and kind: CsrPolicy, found v1, ConfigMap/,
    ],
    ['{apiVersion: kubepki/v1, kind: CsrPolicy}', /extends is missing/],
    ['{apiVersion: kubepki/v1, kind: CsrPolicy, extends: kubelet-servin}', /did you mean kubelet-serving\?/],
    ['{apiVersion: kubepki/v1, kind: CsrPolicy, extends: toString}', /unknown policy/],
  ])('refuses a whole file %s', (text, problem) => {
    const policy = parsePolicy(text)
    expect('problem' in policy ? policy.problem : 'taken').toMatch(problem)
  })

  it('changes what it says, and nothing else', () => {
    const policy = parse('name: ours\nrules: {NEWEST: ignore}\nparameters: {maxExpiration: 24h}')
    if ('problem' in policy) throw new Error(policy.problem)
    const [part] = policy.parts
    expect(policy.name).toBe('ours')
    expect(part?.parameters).toMatchObject({ maxExpiration: 86_400_000, maxDnsNames: 5 })
    expect(vet(serving(), { policy, others: [serving(pending)] }).outcome).toBe('approve')
  })
})
