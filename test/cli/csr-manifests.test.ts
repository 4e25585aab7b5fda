/** `csr list`, `show`, `vet` and `clean` on manifests. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeYaml } from '../../src/kubernetes/yaml.ts'
import { COMMAND, kubepki } from '../support/host.ts'
import { tempDir } from '../support/node.ts'
import {
  clientRequest,
  type NameValue,
  newKey,
  type ObjectSpec,
  objectOf,
  requestPem,
  servingRequest,
} from '../support/pkcs10.ts'

/** Of a terminal. */
const STEERING = /[^\P{C}\n]/u

const NODES = {
  kind: 'NodeList',
  apiVersion: 'v1',
  items: ['worker-1', 'worker-2'].map((name, index) => ({
    metadata: { name, creationTimestamp: '2026-11-01T00:00:00Z' },
    status: {
      addresses: [
        { type: 'Hostname', address: name },
        { type: 'InternalIP', address: `10.0.0.${index + 1}` },
      ],
    },
  })),
}

const approved = (at: string) => [{ type: 'Approved', status: 'True', reason: 'Test', lastUpdateTime: at }]
const RIGHT = objectOf(servingRequest({ name: 'right', made: '2026-11-30T23:50:00Z' }))
const OBJECTS = [
  RIGHT,
  objectOf(servingRequest({ name: 'older', made: '2026-11-30T23:00:00Z' })),
  objectOf(
    servingRequest({
      name: 'forged',
      made: '2026-11-30T23:40:00Z',
      username: 'jane\u001b[31m\u202e',
      request: { key: newKey() },
    }),
  ),
  objectOf(
    servingRequest({
      name: 'unsigned',
      node: 'worker-2',
      made: '2026-11-30T20:00:00Z',
      conditions: approved('2026-11-30T22:00:00Z'),
      request: { key: newKey(), names: ['DNS:worker-2'] },
    }),
  ),
  objectOf(
    clientRequest({
      name: 'joins',
      node: 'worker-9',
      made: '2026-11-30T23:55:00Z',
      request: { key: newKey() },
    }),
  ),
]

function filesOf(objects: readonly object[] = OBJECTS) {
  const folder = tempDir()
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const list = { apiVersion: 'v1', kind: 'List', items: objects }
  return {
    folder,
    write,
    json: write('list.json', JSON.stringify(list)),
    typed: write(
      'typed.json',
      JSON.stringify({
        kind: 'CertificateSigningRequestList',
        apiVersion: 'certificates.k8s.io/v1',
        items: objects.map(one => ({ ...one, kind: undefined, apiVersion: undefined })),
      }),
    ),
    yaml: write('list.yaml', encodeYaml(list)),
    documents: write('documents.yaml', objects.map(one => `---\n${encodeYaml(one)}`).join('')),
    lines: write('lines.json', objects.map(one => `${JSON.stringify(one)}\n`).join('')),
    nodes: write('nodes.txt', JSON.stringify(NODES)),
  }
}

const FILES = filesOf()
const JUDGED = ['--policy', 'kubelet', '--nodes', FILES.nodes]

interface Verdicts {
  readonly kind: string
  readonly items: readonly {
    readonly name: string
    readonly outcome: string
    readonly rules: readonly { readonly code: string; readonly level: string; readonly ok: boolean }[]
  }[]
}

describe('csr vet', () => {
  it.each(['json', 'typed', 'yaml', 'documents', 'lines'] as const)('judges what is in %s', async form => {
    const { stdout, stderr, exitCode } = await kubepki(
      'csr',
      'vet',
      '--from',
      FILES[form],
      ...JUDGED,
      '-o',
      'json',
    )
    const { kind, items } = JSON.parse(stdout) as Verdicts
    expect(stderr).toBe('kubepki: 5 requests: 2 to approve, 1 to deny, 2 to leave by the policy kubelet\n')
    expect(kind).toBe('CsrVerdictList')
    expect(items.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'right approve',
      'older leave',
      'forged deny',
      'unsigned leave',
      'joins approve',
    ])
    expect(exitCode).toBe(3)
  })

  it('is done when every request would be approved', async () => {
    const { json } = filesOf([RIGHT])
    const { stdout, exitCode } = await kubepki('csr', 'vet', '--from', json, ...JUDGED)
    expect({ stdout, exitCode }).toEqual({
      stdout: 'right  approve  kubernetes.io/kubelet-serving  system:node:worker-1\n',
      exitCode: 0,
    })
  })

  it('says the same in YAML', async () => {
    const [json, yaml] = [
      await kubepki('csr', 'vet', '--from', FILES.json, '-o', 'json'),
      await kubepki('csr', 'vet', '--from', FILES.json, '-o', 'yaml'),
    ]
    const again = encodeYaml(JSON.parse(json.stdout), { sortKeys: true })
    expect(yaml.stdout).toBe(again)
  })

  it('reads the standard input', () => {
    const { stdout, status } = spawnSync(
      COMMAND[0],
      [...COMMAND.slice(1), 'csr', 'vet', '--from', '-', '--now', '2026-12-01T00:00:00Z', ...JUDGED],
      { input: JSON.stringify({ kind: 'List', items: OBJECTS }), encoding: 'utf8' },
    )
    expect(stdout).toContain('forged  deny')
    expect(status).toBe(3)
  })

  it('shows what a policy would have done with what is decided', async () => {
    const { write } = FILES
    const file = write(
      'old.json',
      JSON.stringify(
        objectOf(
          servingRequest({
            name: 'old',
            made: '2026-11-20T00:00:00Z',
            conditions: approved('2026-11-20T00:00:00Z'),
          }),
        ),
      ),
    )
    expect((await kubepki('csr', 'vet', '--from', file, ...JUDGED)).stdout).toContain('approved already')
    const { stdout, exitCode } = await kubepki('csr', 'vet', '--from', file, ...JUDGED, '--again')
    expect(stdout).toMatch(/^old {2}approve/)
    expect(exitCode).toBe(0)
  })

  it('reads a directory, and tells what in it is something else', async () => {
    const { folder, write } = filesOf([RIGHT])
    const inner = join(folder, 'requests')
    mkdirSync(inner)
    writeFileSync(join(inner, 'a.json'), JSON.stringify(RIGHT))
    writeFileSync(join(inner, 'b.yaml'), 'kind: ConfigMap\napiVersion: v1\n')
    writeFileSync(join(inner, 'notes.txt'), '{')
    const quiet = await kubepki('csr', 'vet', '--from', inner, ...JUDGED)
    expect(quiet.stderr).toContain(
      'b.yaml: document 1: wanted a CertificateSigningRequest of certificates.k8s.io/v1, found ConfigMap, v1\n',
    )
    expect(quiet.exitCode).toBe(0)
    write('requests/c.json', '{"kind":')
    const broken = await kubepki('csr', 'vet', '--from', inner, ...JUDGED)
    expect(broken.stderr).toContain('warning: ')
    expect(broken.exitCode).toBe(3)
  })

  it('takes nothing at all for a mistake, and an empty list for an answer', async () => {
    const directory = tempDir()
    const file = join(directory, 'x.json')
    for (const empty of ['', '\n \n', '---\n']) {
      writeFileSync(file, empty)
      const { exitCode, stderr } = await kubepki('csr', 'vet', '--from', file)
      expect(exitCode).toBe(1)
      expect(stderr).toContain('x.json: wanted CertificateSigningRequests, found none')
    }
    const folder = await kubepki('csr', 'vet', '--from', tempDir())
    expect(folder.exitCode).toBe(1)
    for (const list of ['{"kind":"List","apiVersion":"v1","items":[]}', 'kind: List\nitems: []\n']) {
      writeFileSync(file, list)
      const { exitCode, stderr } = await kubepki('csr', 'vet', '--from', file)
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('policy') })
    }
  })

  it('follows links that stay in the directory, and tells those that do not', async () => {
    const [directory, other] = [tempDir(), tempDir()]
    mkdirSync(join(directory, '..data'))
    writeFileSync(join(directory, '..data', 'e.json'), JSON.stringify(RIGHT))
    symlinkSync('..data/e.json', join(directory, 'e.json'))
    symlinkSync('e.json', join(directory, 'same.json'))
    const inside = await kubepki('csr', 'vet', '--from', directory, '-o', 'json')
    expect(JSON.parse(inside.stdout).items).toHaveLength(1)
    expect(inside.stderr).not.toContain('link')
    writeFileSync(join(other, 'f.json'), JSON.stringify(RIGHT))
    symlinkSync(join(other, 'f.json'), join(directory, 'f.json'))
    const outside = await kubepki('csr', 'vet', '--from', directory, '-o', 'json')
    expect(JSON.parse(outside.stdout).items).toHaveLength(1)
    expect(outside).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('f.json: a link that leads'),
    })
  })

  it('takes a policy file, and refuses one with a mistake in it', async () => {
    const { write } = FILES
    const ours = write(
      'ours.yaml',
      'apiVersion: kubepki/v1\nkind: CsrPolicy\nname: ours\nextends: kubelet\nrules: {NEWEST: ignore}\n',
    )
    const { stderr } = await kubepki(
      'csr',
      'vet',
      '--from',
      FILES.json,
      '--policy',
      ours,
      '--nodes',
      FILES.nodes,
    )
    expect(stderr).toContain('3 to approve, 1 to deny, 1 to leave by the policy ours')
    const wrong = write(
      'wrong.yaml',
      'apiVersion: kubepki/v1\nkind: CsrPolicy\nextends: kubelet\nrules: {NEWST: ignore}\n',
    )
    const refused = await kubepki('csr', 'vet', '--from', FILES.json, '--policy', wrong)
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
    expect(refused.stderr).toBe(
      `kubepki: error: ${wrong}: rules: unknown rule "NEWST"; did you mean NEWEST?\n`,
    )
  })

  it.each([
    [['csr', 'vet'], 1, 'no kubeconfig: neither --kubeconfig nor $KUBECONFIG names one'],
    [['csr', 'vet', '--from', '/nonexistent'], 1, '/nonexistent: no such file or directory'],
    [['csr', 'vet', '--from', FILES.json, '--policy', 'kubelet-servin'], 2, 'found "kubelet-servin"'],
    [
      ['csr', 'vet', '--from', FILES.json, '--nodes', FILES.json],
      1,
      'wanted Nodes, Machines or a NodeInventory, found none',
    ],
    [['csr', 'vet', '--from', FILES.nodes], 1, 'wanted CertificateSigningRequests, found none'],
    [['csr', 'vet', '--from', '-', '--nodes', '-'], 2, 'cannot both be the standard input'],
    [['csr', 'show', 'nobody', '--from', FILES.json], 1, 'there is no request "nobody" in it, of 5'],
  ])('%j ends with %i', async (argv, code, message) => {
    const { stderr, exitCode } = await kubepki(...argv)
    expect(stderr).toContain(message)
    expect(stderr).not.toMatch(/^ {4}at /m)
    expect(exitCode).toBe(code)
  })
})

it.each([
  [
    'in one',
    '  worker-1: [10.0.0.1]\n  worker-2: []\n  worker-1: [10.0.0.66]\n',
    /duplicated mapping key.* in line 6/,
  ],
  [
    'in two',
    '  worker-1: [10.0.0.1]\n---\napiVersion: kubepki/v1\nkind: NodeInventory\nnodes:\n  worker-1: [10.0.0.66]\n',
    /document 2: nodes\.worker-1: it is in an inventory before this one/,
  ],
])('an inventory has a node once, not twice %s', async (_, nodes, message) => {
  const { json, write } = filesOf([RIGHT])
  const inventory = write('nodes.yaml', `apiVersion: kubepki/v1\nkind: NodeInventory\nnodes:\n${nodes}`)
  const { exitCode, stderr } = await kubepki('csr', 'vet', '--from', json, '--nodes', inventory)
  expect(stderr).toMatch(message)
  expect(exitCode).toBe(1)
})

describe('csr list', () => {
  it('groups by signer and node, folds duplicates, and says how far each has come', async () => {
    const { stdout, stderr, exitCode } = await kubepki('csr', 'list', '--from', FILES.json, ...JUDGED)
    expect(stdout).toMatch(
      /^kubernetes\.io\/kube-apiserver-client-kubelet\nNODE .*\nworker-9 +joins +5m +system:bootstrap:abcdef +pending +approve\n\nkubernetes\.io\/kubelet-serving\n/,
    )
    expect(stdout).toMatch(/worker-1 +right \(\+1 older\) +10m +system:node:worker-1 +pending +approve\n/)
    expect(stdout).toMatch(/worker-1 +forged .*pending +deny: /)
    expect(stdout).toMatch(/approved 120m ago, never issued: no signer for this name seems to run +-\n/)
    expect(stdout).not.toMatch(STEERING)
    expect(stderr).toContain('--cluster-signing-cert-file')
    expect(exitCode).toBe(0)
  })

  it('filters, and keeps to itself what a name holds', async () => {
    const list = async (...flags: string[]) => {
      const { stdout } = await kubepki('csr', 'list', '--from', FILES.json, ...JUDGED, '-o', 'json', ...flags)
      expect(stdout).not.toMatch(STEERING)
      return (JSON.parse(stdout) as { items: { name: string; username: string }[] }).items
    }
    const names = (items: { name: string }[]) => items.map(({ name }) => name)
    expect(names(await list('--node', 'worker-2'))).toEqual(['unsigned'])
    expect(names(await list('--signer', 'kube-apiserver-client-kubelet'))).toEqual(['joins'])
    expect(names(await list('--pending', '--signer', 'kubelet-serving'))).toEqual([
      'right',
      'older',
      'forged',
    ])
    expect((await list()).find(({ name }) => name === 'forged')?.username).toBe('jane\u001b[31m\u202e')
  })

  it('says in -o wide what each asks for', async () => {
    const { stdout } = await kubepki('csr', 'list', '--from', FILES.json, ...JUDGED, '-o', 'wide')
    expect(stdout).toMatch(
      /worker-1 +older .* ECDSA-P256 +worker-1,10\.0\.0\.1 +digital signature,key encipherment,server auth\n/,
    )
  })
})

describe('csr show', () => {
  it('has the object beside the request, and a line for each rule', async () => {
    const { stdout, exitCode } = await kubepki('csr', 'show', 'forged', '--from', FILES.json, ...JUDGED)
    expect(stdout).toMatch(/^Name: +forged\n/)
    expect(stdout).toMatch(/subject +- +CN=system:node:worker-1,O=system:nodes\n/)
    expect(stdout).toMatch(/ {2}ok {4}REQUEST_SIGNATURE +signed with its own key\n/)
    expect(stdout).toMatch(
      / {2}FAIL {2}REQUESTER_IS_SUBJECT +"jane\\u001b\[31m\\u202e" asks for CN="system:node:worker-1"\n/,
    )
    expect(stdout).not.toMatch(STEERING)
    expect(exitCode).toBe(0)
  })
})

it('csr list folds nothing that is denied into a row that is right', async () => {
  const names = ['DNS:worker-1', 'DNS:kubernetes.default']
  const older = { name: 'older', made: '2026-11-30T23:00:00Z' }
  const { json } = filesOf([
    ...[RIGHT, objectOf(servingRequest(older))],
    objectOf(servingRequest({ ...older, name: 'evil', request: { names } })),
  ])
  const { stdout } = await kubepki('csr', 'list', '--from', json, ...JUDGED)
  expect(stdout).toMatch(/^worker-1 +right \(\+1 older\) .* approve$/m)
  expect(stdout).toMatch(/^worker-1 +evil .* deny: names of the API server or a service/m)
})

describe('a request that no policy is for', () => {
  const ask = (name: string, subject: NameValue[], more: Partial<ObjectSpec> = {}) =>
    objectOf({
      ...{ name, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
      ...{ username: 'jane', groups: ['system:authenticated'], made: '2026-11-30T23:50:00Z' },
      ...{ pem: requestPem({ subject, key: newKey() }), ...more },
    })
  const JANE: NameValue[] = [
    ['O', 'dev'],
    ['CN', 'jane'],
  ]
  const { json } = filesOf([
    ask('jane', JANE),
    ask('master', [
      ['O', 'system:masters'],
      ['CN', 'jane'],
    ]),
    ask('usages', JANE, { usages: ['server auth'] }),
    ask('done', JANE, { conditions: approved('2026-11-30T23:55:00Z') }),
  ])
  const from = ['--from', json]

  it('is looked at as approve NAME does, and left to people at best', async () => {
    const { stdout } = await kubepki('csr', 'list', ...from)
    const verdict = (name: string) =>
      new RegExp(`^CN=jane,O=\\S+ +${name} +10m +jane +\\S.*? {2,}(.*)$`, 'm').exec(stdout)?.[1]
    expect(verdict('jane')).toBe('leave: no policy is for its signer: whoever approves it by name decides')
    expect(verdict('master')).toMatch(/^deny: .*"system:masters"/)
    expect(verdict('usages')).toMatch(/^deny: /)
    expect(verdict('done')).toBe('-')
    expect(stdout).toMatch(/^SUBJECT +NAME /m)
    const { items } = JSON.parse((await kubepki('csr', 'list', ...from, '-o', 'json')).stdout)
    expect(items[1]).toMatchObject({ name: 'master', node: 'jane', subject: 'CN=jane,O=system:masters' })
  })

  it('has its rules in csr show, by whose name they are', async () => {
    const { stdout } = await kubepki('csr', 'show', 'jane', ...from)
    expect(stdout).toContain('\nVerdict by the rules of the API server and the signer: leave\n')
    expect(stdout).toMatch(/^ {2}FAIL {2}POLICY_SIGNER +no policy is for its signer/m)
    expect(stdout).toMatch(/^ {2}ok {4}CLIENT_NAME +CN="jane"$/m)
    expect((await kubepki('csr', 'show', 'master', ...from)).stdout).toMatch(
      /signer: deny\n(?:.*\n)*? {2}FAIL {2}CLIENT_GROUPS/,
    )
    expect((await kubepki('csr', 'show', 'done', ...from)).stdout).toMatch(
      /^ {2}FAIL {2}PENDING +approved already/m,
    )
  })

  it('is a row of its own for each subject', async () => {
    const groups = ['dev', 'ops', 'dev'].map((group, index) =>
      ask(`jane-${index}`, [
        ['O', group],
        ['CN', 'jane'],
      ]),
    )
    const { stdout } = await kubepki('csr', 'list', '--from', filesOf(groups).json)
    expect(stdout.match(/^CN=jane,O=\w+ +jane-\d(?: \(\+1 older\))?/gm)).toEqual([
      expect.stringMatching(/^CN=jane,O=ops +jane-1$/),
      expect.stringMatching(/^CN=jane,O=dev +jane-2 \(\+1 older\)$/),
    ])
  })

  it('is passed over by csr vet --pending when it is decided', async () => {
    const vet = (...flags: string[]) => kubepki('csr', 'vet', ...from, '-o', 'json', ...flags)
    const { stdout, stderr } = await vet('--pending')
    expect((JSON.parse(stdout) as Verdicts).items.map(({ name }) => name)).toEqual([
      'jane',
      'master',
      'usages',
    ])
    expect(stderr).not.toContain('hint')
    expect((await vet()).stderr).not.toContain('hint')
    const { json } = filesOf([ask('done', JANE, { conditions: approved('2026-11-30T23:55:00Z') })])
    const all = ['csr', 'vet', '--from', json]
    expect(await kubepki(...all)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('hint: what is left is decided already: --pending passes it over'),
    })
    expect((await kubepki(...all, '--pending')).exitCode).toBe(0)
    expect((await kubepki(...all, '--pending', '--again')).exitCode).toBe(2)
  })

  it('is never approved by csr vet', async () => {
    const outcomes = async (...flags: string[]) => {
      const { stdout, exitCode } = await kubepki('csr', 'vet', ...from, '-o', 'json', ...flags)
      expect(exitCode).toBe(3)
      return (JSON.parse(stdout) as Verdicts).items.map(({ name, outcome }) => `${name} ${outcome}`)
    }
    expect(await outcomes()).toEqual(['jane leave', 'master deny', 'usages deny', 'done leave'])
    expect(await outcomes('--again')).toEqual(['jane leave', 'master deny', 'usages deny', 'done leave'])
    expect(new Set(await outcomes('--policy', 'kubelet'))).toEqual(
      new Set(['jane', 'master', 'usages', 'done'].map(name => `${name} leave`)),
    )
  })
})

describe('csr rules', () => {
  it('says every code that a verdict can have, with its level', async () => {
    const { json } = filesOf([RIGHT, objectOf(clientRequest({ node: 'worker-9' }))])
    const [listed, vetted] = [
      await kubepki('csr', 'rules', '-o', 'json'),
      await kubepki('csr', 'vet', '--from', json, ...JUDGED, '-o', 'json'),
    ]
    const rules = JSON.parse(listed.stdout).rules as { code: string; levels: Record<string, string> }[]
    const said = (JSON.parse(vetted.stdout) as Verdicts).items.flatMap(item => item.rules)
    expect(said.length).toBeGreaterThan(40)
    for (const { code, level } of said) {
      const levels = Object.values(rules.find(one => one.code === code)?.levels ?? {})
      expect([code, levels.some(one => one === level || (one === 'always' && level === 'must'))]).toEqual([
        ...[code, true],
      ])
    }
  })

  it('says what a policy file comes to, in tables', async () => {
    const file = FILES.write(
      'rules.yaml',
      [
        'apiVersion: kubepki/v1\nkind: CsrPolicy\nextends: openshift-node\nrules: {NEWEST: ignore}',
        "parameters: {allowedCidrs: [10.0.0.0/8, 10.1.1.1], window: 30m, nodeNamePattern: 'w-\\d+'}\n",
      ].join('\n'),
    )
    const { stdout, exitCode } = await kubepki('csr', 'rules', '--policy', file)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^NEWEST +ignore +ignore +leave /m)
    expect(stdout).toMatch(/^SAN_TWICE +must +must +leave /m)
    expect(stdout).toMatch(/^NODE_NEW +must +should +leave /m)
    expect(stdout).toMatch(/^allowedCidrs +10\.0\.0\.0\/8, 10\.1\.1\.1 /m)
    expect(stdout).toMatch(/^window +30m /m)
    expect(stdout).toMatch(/^nodeNamePattern +w-\\d\+ /m)
  })
})

describe('csr clean', () => {
  it('says what the cleaner would delete, and why', async () => {
    const at = (name: string, made: string, more = {}) => objectOf(servingRequest({ name, made, ...more }))
    const { json } = filesOf([
      at('new', '2026-11-30T23:00:00Z'),
      at('old', '2026-11-29T00:00:00Z'),
      at('denied', '2026-11-30T20:00:00Z', {
        conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: '2026-11-30T22:59:00Z' }],
      }),
      at('denied-just-now', '2026-11-30T20:00:00Z', {
        conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: '2026-11-30T23:30:00Z' }],
      }),
      at('unsigned', '2026-11-28T20:00:00Z', { conditions: approved('2026-11-29T22:00:00Z') }),
      at('issued', '2026-11-30T20:00:00Z', {
        conditions: approved('2026-11-30T22:00:00Z'),
        certificate: 'x',
      }),
    ])
    const { stdout, stderr } = await kubepki('csr', 'clean', '--from', json)
    const lines = stdout.split('\n').map(line =>
      line
        .split('  ')
        .filter((_, index) => index !== 1)
        .join(': '),
    )
    expect(lines).toEqual([
      'old: made and never decided 2d ago',
      'denied: denied 61m ago',
      'unsigned: approved and never issued 26h ago',
      'issued: issued 120m ago',
      '',
    ])
    expect(stderr).toBe('kubepki: 4 of 6 requests would be deleted; nothing was changed\n')
  })
})
