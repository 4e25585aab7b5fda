/** Requests by whoever wants more than is seen, and beside each what is nearly the same and right. */
import { describe, expect, it } from 'vitest'
import { parseSigningRequest } from '../../src/kubernetes/certificate-signing-request.ts'
import type { NodeObject } from '../../src/kubernetes/node-object.ts'
import { factsOf } from '../../src/pki/csr/facts.ts'
import { planIssuance } from '../../src/pki/csr/issuance.ts'
import { POLICIES, type Policy } from '../../src/pki/csr/policy.ts'
import type { CsrVerdict } from '../../src/pki/csr/rule.ts'
import { judge, judgeBare } from '../../src/pki/csr/verdict.ts'
import { certificateIn } from '../support/certificates.ts'
import {
  CLIENT_USAGES,
  clientRequest,
  csrOf,
  type NameValue,
  nodeObject,
  type ObjectSpec,
  objectOf,
  requestPem,
  servingRequest,
  WORKER_1,
  WORKER_2,
} from '../support/pkcs10.ts'

const NOW = new Date('2026-12-01T00:10:00Z')
const KUBELET = POLICIES.kubelet as Policy
const SIGNER = certificateIn('nodes', 'stock-1.20', 'etc/kubernetes/pki/ca.crt')

function vet(spec: ObjectSpec | object, nodes: readonly NodeObject[] = [WORKER_1, WORKER_2]): CsrVerdict {
  const csr = 'pem' in spec ? csrOf(spec as ObjectSpec) : parsed(spec)
  return judge(factsOf(csr, { now: NOW, nodes }), KUBELET)
}

function parsed(object: object) {
  const csr = parseSigningRequest(object)
  if ('found' in csr) throw new Error(csr.found)
  return csr
}

function sign(object: object) {
  const order = {
    signerNames: ['kubernetes.io/kubelet-serving'],
    duration: 3_600_000,
    now: NOW,
    signer: SIGNER,
  }
  return planIssuance(parsed(object), order)
}

function failed({ rules }: CsrVerdict): string[] {
  return rules.filter(({ ok, level }) => !ok && level === 'must').map(({ code }) => code)
}

const { pem: GOOD } = servingRequest()
const EVIL = requestPem({ subject: [['CN', 'admin']], names: ['DNS:kubernetes.default.svc'] })
const [BEGIN = '', ...BODY] = GOOD.split('\n')
const under = (...headers: readonly string[]) => [BEGIN, ...headers, ...BODY].join('\n')
const APPROVED = { type: 'Approved', status: 'True' }

describe('PEM that versions of Go read differently', () => {
  it.each([
    ['two blocks', GOOD + EVIL],
    ['text before it', `some text\n${GOOD}`],
    ['text behind it', `${GOOD}some text\n`],
    ['headers', under('Proc-Type: 4,ENCRYPTED', '')],
    ['a header that looks like a block', under('Comment: -----BEGIN ', '') + EVIL],
    ['a block cut off before it', `-----BEGIN CERTIFICATE REQUEST-----\n${GOOD}`],
    ['another block behind it', `${GOOD}-----BEGIN X-----\n-----END X-----\n`],
    ['junk between two', `${GOOD.replaceAll('\n', '\r\n')}junk\n${GOOD}`],
  ])('is neither approved nor signed: %s', (_, pem) => {
    const { outcome } = vet(servingRequest({ pem }))
    expect(outcome).toBe('deny')
    expect(judgeBare(factsOf(csrOf(servingRequest({ pem })), { now: NOW })).outcome).toBe('deny')
    const step = sign(objectOf(servingRequest({ pem, conditions: [APPROVED] })))
    expect(step).toMatchObject({ action: 'leave', code: expect.stringMatching(/^(INVALID|UNREADABLE)$/) })
  })

  it.each([
    ['as it is', GOOD],
    ['lines of Windows', GOOD.replaceAll('\n', '\r\n')],
    ['without its last line end', GOOD.trim()],
    ['empty lines around it', `\n \n${GOOD}\n\n`],
  ])('is nothing of the kind: %s', (_, pem) => {
    expect(vet(servingRequest({ pem })).outcome).toBe('approve')
    expect(sign(objectOf(servingRequest({ pem, conditions: [APPROVED] })))).toMatchObject({ action: 'sign' })
  })
})

describe('a client of the API server', () => {
  const bare = (subject: readonly NameValue[], names: readonly string[] = [], username = 'jane') => {
    const csr = csrOf({
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: CLIENT_USAGES,
      username,
      groups: ['system:authenticated'],
      pem: requestPem({ subject, names }),
    })
    return judgeBare(factsOf(csr, { now: NOW }))
  }

  it.each<[string, readonly NameValue[], readonly string[], readonly string[]]>([
    [
      'masters',
      [
        ['CN', 'jane'],
        ['O', 'system:masters'],
      ],
      [],
      ['SIGNER_ADMISSION', 'CLIENT_GROUPS'],
    ],
    [
      'administrators',
      [
        ['CN', 'jane'],
        ['O', 'kubeadm:cluster-admins'],
      ],
      [],
      ['CLIENT_GROUPS'],
    ],
    [
      'nodes',
      [
        ['CN', 'jane'],
        ['O', 'dev'],
        ['O', 'system:nodes'],
      ],
      [],
      ['CLIENT_GROUPS'],
    ],
    ['a node', [['CN', 'system:node:worker-1']], [], ['CLIENT_NAME']],
    ['a component', [['CN', 'system:kube-controller-manager']], [], ['CLIENT_NAME']],
    ['a service account', [['CN', 'system:serviceaccount:kube-system:x']], [], ['CLIENT_NAME']],
    [
      'two names',
      [
        ['CN', 'jane'],
        ['CN', 'joe'],
      ],
      [],
      ['CLIENT_NAME'],
    ],
    ['nobody', [['O', 'dev']], [], ['CLIENT_NAME']],
    ['otherName', [['CN', 'jane']], ['other:admin@corp'], ['CLIENT_SANS']],
    ['a URI', [['CN', 'jane']], ['URI:spiffe://a/b'], ['CLIENT_SANS']],
    ['e-mail', [['CN', 'jane']], ['email:a@b.example'], ['CLIENT_SANS']],
  ])('is denied as %s', (_, subject, names, codes) => {
    const found = bare(subject, names)
    expect(found.outcome).toBe('deny')
    expect(failed(found)).toEqual(codes)
  })

  it('is approved as a person, and it is said who asks for whom', () => {
    const own = bare([
      ['CN', 'jane'],
      ['O', 'dev'],
      ['O', 'systems'],
    ])
    expect([own.outcome, own.rules.filter(({ ok }) => !ok)]).toEqual(['approve', []])
    const other = bare([['CN', 'systems:joe']])
    expect(other.outcome).toBe('approve')
    expect(other.rules.filter(({ ok }) => !ok)).toMatchObject([
      { code: 'CLIENT_IS_REQUESTER', level: 'should' },
    ])
  })
})

describe('an object of another shape', () => {
  const withStatus = (status: unknown) => ({ ...objectOf(servingRequest()), status })
  it.each([
    ['conditions are a mapping', { conditions: { type: 'Denied', status: 'True' } }],
    ['conditions are texts', { conditions: ['Denied'] }],
    ['conditions are text', { conditions: 'Denied' }],
    ['a condition is a list', { conditions: [[{ type: 'Denied', status: 'True' }]] }],
    ['a condition is nothing', { conditions: [null] }],
    ['a status that is no text', { conditions: [{ type: 'Denied', status: true }] }],
    ['a status in lower case', { conditions: [{ type: 'Denied', status: 'true' }] }],
    ['a type in lower case', { conditions: [{ type: 'denied', status: 'True' }] }],
    ['a type and a space', { conditions: [{ type: 'Denied ', status: 'True' }] }],
    ['a certificate that is a number', { certificate: 5 }],
    ['a certificate that is no base64', { certificate: '!' }],
    ['the status is a list', [{ type: 'Denied', status: 'True' }]],
    ['the status is text', 'Denied'],
  ])('is not approved, and not signed: %s', (_, status) => {
    expect(vet(withStatus(status)).outcome).not.toBe('approve')
    const { conditions = [] } = status as { readonly conditions?: unknown }
    const isMapping = typeof status === 'object' && !Array.isArray(status)
    const both =
      isMapping && Array.isArray(conditions) ? { ...status, conditions: [APPROVED, ...conditions] } : status
    expect(sign(withStatus(both)).action).not.toBe('sign')
  })

  it.each([
    ['no status', undefined],
    ['null', null],
    ['conditions null', { conditions: null }],
    ['an empty certificate', { certificate: '' }],
    ['a condition of somebody else', { conditions: [{ type: 'Ready', status: 'False' }] }],
  ])('is nothing of the kind: %s', (_, status) => {
    expect(vet(withStatus(status)).outcome).toBe('approve')
  })

  it.each([
    ['1e400', Number.POSITIVE_INFINITY],
    ['NaN', Number.NaN],
    ['1e300', 1e300],
    ['negative', -5],
    ['a fraction', 600.5],
    ['text', '99999999999'],
    ['too large', 2 ** 31],
  ])('is refused when expirationSeconds is %s', (_, expirationSeconds) => {
    const object = objectOf(servingRequest({ conditions: [APPROVED] }))
    const changed = { ...object, spec: { ...(object.spec as object), expirationSeconds } }
    expect(vet({ ...changed, status: {} }).outcome).toBe('deny')
    expect(sign(changed)).toMatchObject({
      action: 'leave',
      code: expect.stringMatching(/^(INVALID|UNREADABLE)$/),
    })
  })

  it.each(['other:admin@corp', 'URI:spiffe://a/b', 'email:a@b.example'])(
    "is denied as a node's client with %s",
    name => {
      const found = vet(clientRequest({ node: 'worker-9', request: { names: [name] } }))
      expect([found.outcome, failed(found).includes('SAN_KINDS')]).toEqual(['deny', true])
    },
  )
})

describe('what kubelets write into their own Nodes', () => {
  const claiming = (...addresses: readonly string[]) =>
    nodeObject('worker-1', 'Hostname=worker-1', 'InternalIP=10.0.0.1', ...addresses)
  const asks = (...names: readonly string[]) =>
    servingRequest({ request: { names: ['DNS:worker-1', 'IP:10.0.0.1', ...names] } })

  it.each<[string, ObjectSpec, NodeObject, string, string]>([
    ["another's address", asks('IP:10.0.0.2'), claiming('InternalIP=10.0.0.2'), 'leave', 'CLAIMED_ONCE'],
    ["another's name", asks('DNS:worker-2'), claiming('Hostname=worker-2'), 'deny', 'ANOTHER_NODE'],
    [
      "another's name, in capitals",
      asks('DNS:WORKER-2'),
      claiming('Hostname=WORKER-2'),
      'deny',
      'ANOTHER_NODE',
    ],
    ['every address', asks('IP:0.0.0.0'), claiming('InternalIP=0.0.0.0'), 'deny', 'SAN_FORM'],
    ['every IPv6 address', asks('IP:::'), claiming('InternalIP=::'), 'deny', 'SAN_FORM'],
    ['multicast', asks('IP:224.0.0.1'), claiming('InternalIP=224.0.0.1'), 'deny', 'SAN_FORM'],
    ['IPv6 multicast', asks('IP:ff02::1'), claiming('InternalIP=ff02::1'), 'deny', 'SAN_FORM'],
    ['broadcast', asks('IP:255.255.255.255'), claiming('InternalIP=255.255.255.255'), 'deny', 'SAN_FORM'],
    ['two dots', asks('DNS:a..b'), claiming('Hostname=a..b'), 'deny', 'SAN_FORM'],
    ['a dot at the end', asks('DNS:worker-1.'), claiming(), 'deny', 'SAN_FORM'],
    ['an address as a name', asks('DNS:10.0.0.1'), claiming('Hostname=10.0.0.1'), 'deny', 'SAN_FORM'],
    [
      'the service, with two dots',
      asks('DNS:kubernetes.default..'),
      claiming('Hostname=kubernetes.default..'),
      'deny',
      'CLUSTER_SERVICE',
    ],
    [
      'the cluster domain, with dots',
      asks('DNS:foo.cluster.local...'),
      claiming('Hostname=foo.cluster.local...'),
      'deny',
      'CLUSTER_SERVICE',
    ],
  ])('gives them no certificate for %s', (_, request, node, outcome, code) => {
    const found = vet(request, [node, WORKER_2])
    expect(found.outcome).toBe(outcome)
    expect(failed(found)).toContain(code)
  })

  it('takes neither of two Nodes of one name', () => {
    const found = vet(servingRequest(), [nodeObject('worker-1', 'InternalIP=10.0.0.9'), WORKER_1])
    expect([found.outcome, failed(found)]).toEqual(['leave', ['NODE_KNOWN']])
  })

  it('gives them one for what is theirs alone', () => {
    const node = claiming('ExternalDNS=worker-1.example.com', 'InternalIP=169.254.1.1')
    const request = asks('DNS:worker-1.example.com', 'IP:169.254.1.1')
    expect(vet(request, [node, WORKER_2]).outcome).toBe('approve')
  })
})

describe('a bootstrap token', () => {
  it('joins what is no node yet', () => {
    expect(vet(clientRequest({ node: 'worker-9' })).outcome).toBe('approve')
  })

  it('does not become a node that exists, nor one of which nobody knows', () => {
    const csr = csrOf(clientRequest())
    expect([vet(clientRequest()).outcome, failed(vet(clientRequest()))]).toEqual(['leave', ['NODE_NEW']])
    expect(judge(factsOf(csr, { now: NOW }), KUBELET).outcome).toBe('leave')
  })

  it('is not what a node renews with', () => {
    const groups = ['system:nodes', 'system:authenticated']
    expect(vet(clientRequest({ username: 'system:node:worker-1', groups })).outcome).toBe('approve')
  })
})
