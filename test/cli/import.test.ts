import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  answersIn,
  answerTo,
  copyOf,
  der,
  K,
  NAMES,
  namesIn,
  pkcs7,
  requestOf,
  type Signing,
  signed,
  type WaitingNode,
  waitingNode,
} from '../support/answers.ts'
import { type MadeAuthority, makeAuthority, openssl, P256 } from '../support/certificates.ts'
import { kubepki, type Outcome } from '../support/host.ts'
import { copyNode, fingerprint, tempDir } from '../support/node.ts'

let node: WaitingNode
/** Right ones, by row. */
let answers: Readonly<Record<string, string>>

beforeAll(async () => {
  node = await waitingNode('ecdsa')
  answers = Object.fromEntries(NAMES.map(name => [name, answerTo(node, name)]))
}, 60_000)

const files = (all: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(all).map(([name, text]) => [`${name}.pem`, text]))

function imported(root: string, ...argv: string[]): Promise<Outcome> {
  return kubepki('certs', 'import', ...argv, '--root', root)
}

function write(root: string, file: string, contents: string): void {
  const path = join(root, K, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, contents)
}

function text(root: string, file: string): string {
  return readFileSync(join(root, K, file), 'utf8')
}

function embedded(root: string, file: string, field: string): string {
  const [, data = ''] = new RegExp(`${field}: (\\S+)`).exec(text(root, file)) ?? []
  return Buffer.from(data, 'base64').toString()
}

const publicKey = (argv: readonly string[], input: string) => openssl(argv, input).trim()
const keyOfCertificate = (pem: string) => publicKey(['x509', '-noout', '-pubkey'], pem)
const keyOfKey = (pem: string) => publicKey(['pkey', '-pubout'], pem)

describe('what is right', () => {
  it('goes to its places with its keys, and a rollback puts all of it back', async () => {
    const { root } = copyOf(node)
    const before = fingerprint(join(root, K))
    const { stdout, stderr, exitCode } = await imported(root, answersIn(files(answers)), '-o', 'json')
    expect(exitCode, stderr).toBe(0)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ kind: 'ImportResult', changed: true, refused: [], unanswered: [] })
    expect(result.installed.map((one: { name: string }) => one.name).toSorted()).toEqual(NAMES.toSorted())
    for (const base of ['apiserver', 'etcd/server', 'front-proxy-client']) {
      expect(keyOfCertificate(text(root, `pki/${base}.crt`))).toBe(keyOfKey(text(root, `pki/${base}.key`)))
    }
    expect(text(root, 'pki/apiserver.crt')).toBe(answers.apiserver)
    expect(embedded(root, 'admin.conf', 'client-certificate-data')).toBe(answers['admin.conf'])
    expect(keyOfKey(embedded(root, 'admin.conf', 'client-key-data'))).toBe(
      keyOfCertificate(answers['admin.conf'] ?? ''),
    )
    expect(readdirSync(join(root, K, 'pki/csr')).filter(name => /\.(csr|key)$/.test(name))).toEqual([])
    const undone = await kubepki('certs', 'rollback', '--root', root)
    expect(undone.exitCode, undone.stderr).toBe(0)
    const kept = Object.entries(fingerprint(join(root, K))).filter(
      ([path]) => !path.startsWith('kubepki-backups'),
    )
    const old = Object.entries(before).filter(([path]) => !path.startsWith('kubepki-backups'))
    expect(Object.fromEntries(kept)).toEqual(Object.fromEntries(old))
  })

  it('is installed once: again changes nothing', async () => {
    const { root } = copyOf(node)
    const directory = answersIn(files(answers))
    await imported(root, directory)
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await imported(root, directory)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining('error') })
    expect(stdout).toContain('certificate for serving the Kubernetes API is installed already')
    expect(fingerprint(root)).toEqual(before)
  })

  it('is looked for in the directory of requests when nothing is named', async () => {
    const { root } = copyOf(node)
    writeFileSync(join(root, K, 'pki/csr/all.pem'), Object.values(answers).join(''))
    const { exitCode, stderr } = await imported(root)
    expect(exitCode, stderr).toBe(0)
    expect(text(root, 'pki/apiserver.crt')).toBe(answers.apiserver)
  })

  it('is found where --csr-dir says, and its requests too', async () => {
    const root = copyNode('ecdsa')
    const directory = join(tempDir(), 'requests')
    const place = ['--csr-dir', directory, '--root', root]
    await kubepki('certs', 'renew', 'scheduler.conf', '--csr-only', ...place)
    const request = readFileSync(join(directory, 'scheduler.conf.csr'), 'utf8')
    const by = node.authorities.ca as MadeAuthority
    writeFileSync(join(directory, 'answer'), signed(request, { by, extKeyUsage: 'clientAuth' }))
    const { exitCode, stderr } = await kubepki('certs', 'import', ...place)
    expect(exitCode, stderr).toBe(0)
    expect(embedded(root, 'scheduler.conf', 'client-certificate-data')).toBe(
      readFileSync(join(directory, 'answer'), 'utf8'),
    )
    expect(readdirSync(directory).toSorted()).toEqual(['SIGNING.md', 'answer', 'requests.json'])
  })

  it('is only shown by a dry run', async () => {
    const { root } = copyOf(node)
    const before = fingerprint(root)
    const { stdout, stderr, exitCode } = await imported(root, answersIn(files(answers)), '--dry-run')
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toContain('certificate for serving the Kubernetes API to be installed from')
    expect(stderr).toContain('nothing was changed')
    expect(fingerprint(root)).toEqual(before)
  })
})

describe('in any form', () => {
  const forms: Readonly<
    Record<string, (pems: readonly string[]) => Readonly<Record<string, string | Buffer>>>
  > = {
    'DER, under names that mean nothing': pems =>
      Object.fromEntries(pems.map((pem, index) => [`${index}.bin`, der(pem)])),
    'PEM with its text': pems => ({ 'a.txt': pems.map(pem => openssl(['x509', '-text'], pem)).join('\n') }),
    'PKCS#7 in PEM': pems => ({ 'a.p7b': pkcs7(pems, 'PEM') }),
    'PKCS#7 in DER': pems => ({ 'a.p7b': pkcs7(pems, 'DER') }),
    'one bundle, backwards, with the roots': pems => ({
      bundle: [...pems, ...Object.values(node.authorities).map(one => one.certificate)].toReversed().join(''),
    }),
    'a folder a request, Windows line ends': pems =>
      Object.fromEntries(pems.map((pem, index) => [`${index}/cert.cer`, pem.replaceAll('\n', '\r\n')])),
  }
  it.each(Object.keys(forms))('%s', async form => {
    const { root } = copyOf(node)
    const made = forms[form]?.(Object.values(answers)) ?? {}
    const { exitCode, stderr } = await imported(root, answersIn(made))
    expect(exitCode, stderr).toBe(0)
    expect(text(root, 'pki/apiserver.crt')).toBe(answers.apiserver)
    expect(embedded(root, 'scheduler.conf', 'client-certificate-data')).toBe(answers['scheduler.conf'])
  })
})

function requestWith(key: string): string {
  const file = join(answersIn({ key }), 'key')
  return openssl(['req', '-new', '-key', file, '-subj', '/CN=kube-apiserver'])
}

/** What is wrong -> row, how it is signed, the code, what the message has to say. */
const REFUSED: Readonly<Record<string, readonly [string, () => Signing, string, string]>> = {
  'a key usage for certificates': [
    'apiserver',
    () => ({ keyUsage: 'critical,digitalSignature,keyCertSign' }),
    'KEY_USAGE_WRONG',
    'keyCertSign',
  ],
  'C30 no usages': [
    'apiserver',
    () => ({ extKeyUsage: '' }),
    'EXT_KEY_USAGE_MISSING',
    'wanted serverAuth, found none',
  ],
  'C30 usages of another role': [
    'apiserver-kubelet-client',
    () => ({ extKeyUsage: 'serverAuth' }),
    'EXT_KEY_USAGE_WRONG',
    'wanted clientAuth, found serverAuth',
  ],
  'C30 clientAuth on the API server alone': [
    'apiserver',
    () => ({ extKeyUsage: 'clientAuth' }),
    'EXT_KEY_USAGE_WRONG',
    'wanted serverAuth, found clientAuth',
  ],
  'usages too many': [
    'admin.conf',
    () => ({ extKeyUsage: 'clientAuth,serverAuth' }),
    'EXT_KEY_USAGE_EXTRA',
    'serverAuth too',
  ],
  'a usage for everything': [
    'admin.conf',
    () => ({ extKeyUsage: 'clientAuth,anyExtendedKeyUsage' }),
    'EXT_KEY_USAGE_EXTRA',
    'anyExtendedKeyUsage too',
  ],
  'CA:TRUE': ['apiserver', () => ({ basicConstraints: 'critical,CA:TRUE' }), 'IS_A_CA', 'CA:TRUE'],
  'another common name': [
    'apiserver',
    () => ({ subject: '/CN=api' }),
    'COMMON_NAME_CHANGED',
    'wanted kube-apiserver, found api',
  ],
  'no common name': [
    'admin.conf',
    () => ({ subject: '/O=system:masters' }),
    'COMMON_NAME_CHANGED',
    'wanted kubernetes-admin, found none',
  ],
  'a second common name': [
    'apiserver',
    () => ({ subject: '/CN=kube-apiserver/CN=admin' }),
    'COMMON_NAME_CHANGED',
    'found kube-apiserver, admin',
  ],
  'one name for another': [
    'etcd-peer',
    () => ({ subjectAltName: 'DNS:cp-1,DNS:localhost,IP:192.0.2.11,IP:127.0.0.1,IP:::1' }),
    'SAN_DROPPED',
    'wanted IP:192.0.2.10',
  ],
  'another organization': [
    'admin.conf',
    () => ({ subject: '/O=system:nobody/CN=kubernetes-admin' }),
    'ORGANIZATION_CHANGED',
    'found system:nobody',
  ],
  'an organization dropped': [
    'admin.conf',
    () => ({ subject: '/CN=kubernetes-admin' }),
    'ORGANIZATION_CHANGED',
    'found none',
  ],
  'an organization added': [
    'scheduler.conf',
    () => ({ subject: '/O=system:masters/CN=system:kube-scheduler' }),
    'ORGANIZATION_CHANGED',
    'wanted none, found system:masters',
  ],
  'a unit added': ['apiserver', () => ({ subject: '/OU=IT/CN=kube-apiserver' }), 'SUBJECT_CHANGED', '=IT'],
  'names dropped': [
    'apiserver',
    () => ({ subjectAltName: 'DNS:kubernetes' }),
    'SAN_DROPPED',
    'DNS:kubernetes.default',
  ],
  'names lost': ['apiserver', () => ({ subjectAltName: '' }), 'SAN_DROPPED', 'IP:'],
  'a name added': [
    'scheduler.conf',
    () => ({ subjectAltName: 'DNS:scheduler' }),
    'SAN_ADDED',
    'DNS:scheduler',
  ],
  'a start to come': [
    'apiserver',
    () => ({ start: '20261201004000Z' }),
    'NOT_YET_VALID',
    'in 40 min, check the clock',
  ],
  'an end that was': ['apiserver', () => ({ end: '20261130000000Z' }), 'EXPIRED', '2026-11-30T00:00:00Z'],
  'an end too near': [
    'apiserver',
    () => ({ end: '20261220000000Z' }),
    'TOO_SHORT',
    'wanted 2026-12-31T00:00:00Z or later',
  ],
  'SHA-1': ['apiserver', () => ({ digest: 'sha1' }), 'WEAK_SIGNATURE', 'SHA-1'],
  'SHA-224': ['apiserver', () => ({ digest: 'sha224' }), 'WEAK_SIGNATURE', 'SHA-224'],
  'a critical extension that nobody knows': [
    'apiserver',
    () => ({ extensions: ['1.2.3.4 = critical,DER:0500'] }),
    'EXTENSION_UNUSABLE',
    'the critical extension 1.2.3.4',
  ],
  'another CA of the node': [
    'apiserver',
    () => ({ by: node.authorities['etcd/ca'] as MadeAuthority }),
    'NOT_SIGNED_BY_CA',
    'that of etcd-ca',
  ],
  'a CA of the same name': [
    'apiserver',
    () => ({ by: makeAuthority('kubernetes', P256) }),
    'NOT_SIGNED_BY_CA',
    'another key with the name CN=kubernetes',
  ],
  'a CA that nobody knows': [
    'apiserver',
    () => ({ by: makeAuthority('elsewhere', P256) }),
    'INTERMEDIATE_MISSING',
    'CN=elsewhere, whose certificate is neither here nor came along',
  ],
}

describe('by way of an intermediate CA', () => {
  const tier = (limit: Signing = {}) => {
    const root = node.authorities.ca as MadeAuthority
    const key = openssl(['genpkey', ...P256])
    const certificate = signed(requestWith(key), {
      by: root,
      subject: '/O=Example/CN=issuing',
      basicConstraints: 'critical,CA:TRUE,pathlen:0',
      keyUsage: 'critical,keyCertSign,cRLSign',
      ...limit,
    })
    return { certificate, key }
  }
  const byTier = (by: MadeAuthority) => {
    const ofCa = NAMES.filter(name => /^api.*(?<!etcd-client)$|conf$/.test(name))
    return { ...answers, ...Object.fromEntries(ofCa.map(name => [name, answerTo(node, name, { by })])) }
  }

  it('installs it behind the leaf, without the root, in whatever order it came', async () => {
    const by = tier()
    const { root } = copyOf(node)
    const made = byTier(by)
    const all = [by.certificate, ...Object.values(made), node.authorities.ca?.certificate ?? '']
    const { exitCode, stderr } = await imported(root, answersIn({ bundle: all.join('') }))
    expect(exitCode, stderr).toBe(0)
    expect(text(root, 'pki/apiserver.crt')).toBe(made.apiserver + by.certificate)
    expect(embedded(root, 'admin.conf', 'client-certificate-data')).toBe(made['admin.conf'] + by.certificate)
    expect(text(root, 'pki/front-proxy-client.crt')).toBe(answers['front-proxy-client'])
    const chain = join(answersIn({ chain: by.certificate }), 'chain')
    const verify = ['verify', '-CAfile', join(root, K, 'pki/ca.crt'), '-untrusted', chain]
    expect(openssl([...verify, join(root, K, 'pki/apiserver.crt')])).toContain(': OK')
  })

  it('wants it to come along', async () => {
    const { root } = copyOf(node)
    const before = fingerprint(root)
    const { stderr, exitCode } = await imported(root, answersIn(files(byTier(tier()))))
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /apiserver.pem: INTERMEDIATE_MISSING: signature: wanted that of CN=kubernetes .+, found that of CN=issuing,O=Example, whose/,
    )
    expect(fingerprint(root)).toEqual(before)
  })

  it('finds the way among CAs of one name and key: renewed, or signed by another too', async () => {
    const { root } = copyOf(node)
    const key = openssl(['genpkey', ...P256])
    const own = node.authorities.ca as MadeAuthority
    const asCa = { basicConstraints: 'critical,CA:TRUE', keyUsage: 'critical,keyCertSign' }
    const issued = (by: MadeAuthority, dates: Signing = {}) =>
      signed(requestWith(key), { by, subject: '/CN=issuing', ...asCa, ...dates })
    const old = { start: '20200101000000Z', end: '20210101000000Z' }
    const certificate = issued(own)
    const namesakes = [issued(makeAuthority('elsewhere', P256)), issued(own, old), certificate].join('')
    const expired = signed(requestWith(own.key), { by: own, subject: '/CN=kubernetes', ...asCa, ...old })
    write(root, 'pki/ca.crt', expired + own.certificate)
    const answer = answerTo(node, 'apiserver', { by: { certificate, key } })
    const made = { ...files({ ...answers, apiserver: answer }), 'a.pem': namesakes }
    const { exitCode, stderr } = await imported(root, answersIn(made))
    expect(exitCode, stderr).toBe(0)
    expect(text(root, 'pki/apiserver.crt')).toBe(answer + certificate)
  })

  it('refuses one that may have no other CA below it, and has', async () => {
    const { root } = copyOf(node)
    const upper = tier()
    const key = openssl(['genpkey', ...P256])
    const usages = { basicConstraints: 'critical,CA:TRUE', keyUsage: 'critical,keyCertSign' }
    const certificate = signed(requestWith(key), { by: upper, subject: '/CN=lower', ...usages })
    const made = files(byTier({ certificate, key }))
    const { stderr, exitCode } = await imported(
      root,
      answersIn({ ...made, path: certificate + upper.certificate }),
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain('wanted at most 0 CAs below CN=issuing,O=Example, found 1')
  })

  it('refuses one that may not give such names', async () => {
    const { root } = copyOf(node)
    const withNames = (constraints: string) => {
      const by = tier({ extensions: [`nameConstraints = critical,${constraints}`] })
      const answer = answerTo(node, 'apiserver', { by })
      return imported(
        root,
        answersIn({ ...files({ ...answers, apiserver: answer }), 'ca.pem': by.certificate }),
      )
    }
    const far = await withNames('permitted;DNS:example.com,excluded;IP:10.96.0.0/255.255.0.0')
    expect(far.exitCode).toBe(1)
    expect(far.stderr).toMatch(
      /INTERMEDIATE_UNUSABLE: .+ wanted DNS:cp-1, .+, IP:10\.96\.0\.1 also of CN=issuing,O=Example, found its name constraints forbid them/,
    )
    const near = await withNames(
      'permitted;DNS:cp-1,permitted;DNS:kubernetes,permitted;DNS:default,permitted;DNS:svc,permitted;DNS:local',
    )
    expect(near.exitCode, near.stderr).toBe(0)
  })

  const LIMITS: Readonly<Record<string, readonly [Signing, string]>> = {
    'to other usages': [
      { extKeyUsage: 'serverAuth' },
      'wanted clientAuth also of CN=issuing,O=Example, found limited to serverAuth',
    ],
    'by what nobody knows': [
      { extensions: ['1.2.3.4 = critical,DER:0500'] },
      'found the critical extension 1.2.3.4, which nobody knows in CN=issuing,O=Example',
    ],
    'to signing no certificates': [
      { keyUsage: 'critical,cRLSign' },
      'wanted key usage keyCertSign, found cRLSign in CN=issuing,O=Example',
    ],
  }
  it.each(Object.keys(LIMITS))('refuses one that is limited %s', async what => {
    const [limit, found] = LIMITS[what] as (typeof LIMITS)[string]
    const { root } = copyOf(node)
    const by = tier(limit)
    const made = files({ ...answers, 'admin.conf': answerTo(node, 'admin.conf', { by }) })
    const { stderr, exitCode } = await imported(root, answersIn({ ...made, 'ca.pem': by.certificate }))
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`INTERMEDIATE_UNUSABLE: certification path: `)
    expect(stderr).toContain(found)
  })

  it('refuses one that is no CA', async () => {
    const { root } = copyOf(node)
    const key = openssl(['genpkey', ...P256])
    const certificate = signed(requestWith(key), {
      by: node.authorities.ca as MadeAuthority,
      subject: '/CN=leaf',
    })
    const made = byTier({ certificate, key })
    const { stderr, exitCode } = await imported(root, answersIn({ ...files(made), 'leaf.pem': certificate }))
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      'INTERMEDIATE_UNUSABLE: certification path: wanted CA:TRUE, found CA:FALSE in CN=leaf',
    )
  })
})

describe('requests that wait in place', () => {
  it.each(['with the CA in the kubeconfigs', 'without'])('%s', async how => {
    const root = tempDir()
    for (const [base, { certificate }] of Object.entries(node.authorities)) {
      if (base === 'ca' && how === 'without') continue
      write(root, `pki/${base}.crt`, certificate)
    }
    const facts = [
      '--node-name',
      'cp-1',
      '--apiserver-advertise-address',
      '192.0.2.10',
      '--kubernetes-version',
      'v1.31.2',
    ]
    const asked = await kubepki('certs', 'generate-csr', ...facts, '--root', root, '-o', 'json')
    expect(asked.exitCode, asked.stderr).toBe(0)
    write(root, 'pki/ca.crt', node.authorities.ca?.certificate ?? '')
    const { requests } = JSON.parse(asked.stdout) as {
      requests: readonly { name: string; caName: string; csrFile: string; extKeyUsage: string[] }[]
    }
    const made = Object.fromEntries(
      requests.map(({ name, caName, csrFile, extKeyUsage }) => {
        const by = node.authorities[caName === 'etcd-ca' ? 'etcd/ca' : caName] as MadeAuthority
        const request = readFileSync(csrFile, 'utf8')
        return [
          name,
          signed(request, { by, extKeyUsage: extKeyUsage.join(','), subjectAltName: namesIn(request) }),
        ]
      }),
    )
    const keys = fingerprint(join(root, K))
    const { exitCode, stderr, stdout } = await imported(root, answersIn(files(made)), '-o', 'json')
    expect(exitCode, stderr).toBe(0)
    expect(JSON.parse(stdout).installed).toHaveLength(requests.length)
    expect(text(root, 'pki/etcd/server.crt')).toBe(made['etcd-server'])
    expect(fingerprint(join(root, K))['pki/apiserver.key']).toBe(keys['pki/apiserver.key'])
    expect(embedded(root, 'kubelet.conf', 'client-certificate-data')).toBe(made['kubelet.conf'])
    expect(embedded(root, 'admin.conf', 'certificate-authority-data')).toBe(node.authorities.ca?.certificate)
    const checked = await kubepki('certs', 'check-expiration', '--root', root, '--within', '30d')
    expect(checked.exitCode, checked.stderr).toBe(0)
  })
})

describe('C29 a request without usages, as kubeadm makes it', () => {
  it.each([
    ['apiserver', 'serverAuth', 'clientAuth', 'EXT_KEY_USAGE_WRONG'],
    ['etcd-server', 'serverAuth,clientAuth', 'serverAuth', 'EXT_KEY_USAGE_WRONG'],
    ['etcd-peer', 'serverAuth,clientAuth', '', 'EXT_KEY_USAGE_MISSING'],
    ['apiserver-kubelet-client', 'clientAuth', '', 'EXT_KEY_USAGE_MISSING'],
    ['scheduler.conf', 'clientAuth', 'serverAuth', 'EXT_KEY_USAGE_WRONG'],
  ])('C29 %s has to come back with %s', async (name, right, wrong, code) => {
    const { root, authorities } = copyOf(node)
    const [csr, key] = ['csr', 'key'].map(end => join(root, K, 'pki/csr', `${name}.${end}`)) as [
      string,
      string,
    ]
    const asked = readFileSync(csr, 'utf8')
    const subject = openssl(['req', '-noout', '-subject', '-nameopt', 'compat'], asked).trim()
    const names = namesIn(asked)
    const bare = ['req', '-new', '-key', key, '-subj', subject.replace(/^subject=\s*/, '')]
    writeFileSync(csr, openssl([...bare, ...(names === '' ? [] : ['-addext', `subjectAltName=${names}`])]))
    const answered = async (extKeyUsage: string) => {
      const answer = answerTo({ root, authorities }, name, { extKeyUsage })
      return imported(root, answersIn(files({ [name]: answer })), '--partial')
    }
    const before = fingerprint(root)
    const refused = await answered(wrong)
    expect(refused.exitCode).not.toBe(0)
    expect(refused.stderr).toContain(`${code}: `)
    expect(fingerprint(root)).toEqual(before)
    const { exitCode, stderr } = await answered(right)
    expect(exitCode, stderr).toBe(0)
    expect(fingerprint(root)).not.toEqual(before)
  })
})

describe('what is wrong is refused by its code, and nothing changes', () => {
  it.each(Object.keys(REFUSED))('%s', async what => {
    const [name, signing, code, found] = REFUSED[what] as (typeof REFUSED)[string]
    const { root } = copyOf(node)
    const before = fingerprint(root)
    const directory = answersIn(files({ ...answers, [name]: answerTo(node, name, signing()) }))
    const { stdout, stderr, exitCode } = await imported(root, directory)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    const [first] = stderr.split('\n').filter(line => line.includes('error: '))
    expect(first).toContain(`kubepki: error: ${name}: ${directory}/${name}.pem: ${code}: `)
    expect(first).toContain(found)
    expect(stderr).toContain('nothing was installed')
    expect(fingerprint(root)).toEqual(before)
  })

  it('C35 the key of no request', async () => {
    const { root } = copyOf(node)
    const before = fingerprint(root)
    const key = openssl(['genpkey', ...P256])
    const request = requestWith(key)
    const strange = signed(request, { by: node.authorities.ca as MadeAuthority, extKeyUsage: 'serverAuth' })
    const { stderr, exitCode } = await imported(root, answersIn(files({ ...answers, apiserver: strange })))
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /error: \S+apiserver.pem: KEY_OF_NO_REQUEST: public key: wanted that of a pending request/,
    )
    expect(stderr).toContain('no answer came for apiserver')
    expect(fingerprint(root)).toEqual(before)
  })

  it('a request whose key is lost', async () => {
    const { root } = copyOf(node)
    rmSync(join(root, K, 'pki/csr/apiserver.key'))
    const before = fingerprint(root)
    const { stderr, exitCode } = await imported(root, answersIn(files(answers)))
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/warning: apiserver: no answer to its request can be used: its key is not in/)
    expect(stderr).toMatch(/error: \S+apiserver.pem: KEY_OF_NO_REQUEST/)
    expect(fingerprint(root)).toEqual(before)
  })

  it('C35 the key of the certificate in use: the earlier request was signed again', async () => {
    const { root } = copyOf(node)
    const before = fingerprint(root)
    const request = requestWith(text(root, 'pki/apiserver.key'))
    const old = signed(request, { by: node.authorities.ca as MadeAuthority, extKeyUsage: 'serverAuth' })
    const { stderr, exitCode } = await imported(root, answersIn(files({ ...answers, apiserver: old })))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('KEY_OF_LIVE_CERTIFICATE')
    expect(fingerprint(root)).toEqual(before)
  })

  it('a CA in place of an answer', async () => {
    const { root } = copyOf(node)
    const before = fingerprint(root)
    const { stderr, exitCode } = await imported(
      root,
      answersIn({ 'ca.pem': node.authorities.ca?.certificate ?? '' }),
    )
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /error: \S+ca.pem: CA_INSTEAD_OF_LEAF: certificate: wanted .+, found that of a CA \(CN=kubernetes\)/,
    )
    expect(stderr).toContain('no answer came for')
    expect(fingerprint(root)).toEqual(before)
  })

  it('paths that lead nowhere', async () => {
    const directory = answersIn({ file: 'x' })
    symlinkSync('loop', join(directory, 'loop'))
    for (const [path, found] of [
      [join(directory, 'file', 'below'), 'a part of this path is a file'],
      [join(directory, 'loop'), 'it is a symbolic link'],
      [join(directory, 'x'.repeat(300)), 'its name is too long'],
    ] as const) {
      const { stderr, exitCode } = await imported(node.root, path)
      expect({ stderr, exitCode }).toEqual({
        stderr: expect.stringContaining(`kubepki: error: cannot read ${path}: ${found}`),
        exitCode: 1,
      })
    }
  })

  it('files that are no certificates', async () => {
    const { root } = copyOf(node)
    const before = fingerprint(root)
    for (const contents of ['', 'hello', requestOf(node, 'apiserver'), Buffer.alloc(2_000_000)]) {
      const directory = answersIn({ answer: contents })
      const { stderr, exitCode } = await imported(root, join(directory, 'answer'))
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/^kubepki: error: \S+answer: [^\n]+\n/)
      const whole = await imported(root, directory)
      expect(whole.exitCode).toBe(1)
      expect(whole.stderr).toMatch(/error: no certificate in /)
    }
    const missing = await imported(root, '/nonexistent/answer.pem')
    expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no such file') })
    expect(fingerprint(root)).toEqual(before)
  })
})

describe('requests.json', () => {
  const manifest = (root: string): { requests: { name: string; installed?: string; replaced?: string }[] } =>
    JSON.parse(text(root, 'pki/csr/requests.json'))

  it('says what was installed when, and the sheet has what still waits', async () => {
    const { root } = copyOf(node)
    await imported(root, answersIn(files({ apiserver: answers.apiserver ?? '' })), '--partial')
    const rows = manifest(root).requests.filter(({ installed }) => installed !== undefined)
    expect(rows).toEqual([expect.objectContaining({ name: 'apiserver', installed: '2026-12-01T00:00:00Z' })])
    expect(text(root, 'pki/csr/SIGNING.md')).not.toContain('apiserver.csr')
    expect(text(root, 'pki/csr/SIGNING.md')).toContain('etcd-server.csr')
    const { stdout } = await kubepki('certs', 'requests', '--root', root, '-o', 'json')
    const states = JSON.parse(stdout).requests.map((one: { name: string; state: string }) => [
      one.name,
      one.state,
    ])
    expect(Object.fromEntries(states)).toMatchObject({ apiserver: 'installed', 'etcd-server': 'pending' })
  })

  it('C35 knows an answer to a request that was replaced', async () => {
    const { root, authorities } = copyOf(node)
    const asked = await kubepki('certs', 'renew', 'apiserver', '--csr-only', '--force', '--root', root)
    expect(asked.exitCode, asked.stderr).toBe(0)
    const before = fingerprint(root)
    const late = await imported(root, answersIn(files(answers)))
    expect(late.exitCode).toBe(1)
    expect(late.stderr).toMatch(/error: apiserver: \S+apiserver.pem: KEY_OF_OLDER_REQUEST/)
    expect(fingerprint(root)).toEqual(before)
    const answer = answerTo({ root, authorities }, 'apiserver')
    const { exitCode, stderr } = await imported(root, answersIn(files({ ...answers, apiserver: answer })))
    expect(exitCode, stderr).toBe(0)
  })

  it('lets answers of old lie beside the new one, and takes none of them', async () => {
    const { root, authorities } = copyOf(node)
    const directory = join(root, K, 'pki/csr')
    const answered = async (file: string) => {
      await kubepki('certs', 'renew', 'scheduler.conf', '--csr-only', '--root', root)
      const answer = answerTo({ root, authorities }, 'scheduler.conf')
      writeFileSync(join(directory, file), answer)
      return answer
    }
    writeFileSync(join(directory, 'all.pem'), Object.values(answers).join(''))
    expect((await imported(root)).exitCode).toBe(0)
    await answered('second.pem')
    expect((await imported(root)).exitCode).toBe(0)
    const third = await answered('third.pem')
    const { exitCode, stderr } = await imported(root)
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain('all.pem: an answer of old')
    expect(embedded(root, 'scheduler.conf', 'client-certificate-data')).toBe(third)
    const { exitCode: alone, stderr: refused } = await imported(
      root,
      answersIn(files({ scheduler: answers['scheduler.conf'] ?? '' })),
    )
    expect(alone).toBe(1)
    expect(refused).toContain('KEY_OF_OLDER_REQUEST')
    expect(refused).not.toContain('--allow')
  })

  it('is shown as answered when the answer lies there', async () => {
    const { root } = copyOf(node)
    writeFileSync(join(root, K, 'pki/csr/any.p7b'), pkcs7([answers.apiserver ?? ''], 'DER'))
    const { stdout } = await kubepki('certs', 'requests', '--root', root, '-o', 'json')
    const listed = JSON.parse(stdout).requests.find((one: { name: string }) => one.name === 'apiserver')
    expect(listed).toMatchObject({ state: 'answered', answerFile: join(root, K, 'pki/csr/any.p7b') })
  })
})

describe('in parts', () => {
  it('wants all answers, or --partial', async () => {
    const { root } = copyOf(node)
    const before = fingerprint(root)
    const directory = answersIn(files({ apiserver: answers.apiserver ?? '' }))
    const whole = await imported(root, directory)
    expect(whole).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('no answer came for apiserver-kubelet-client'),
    })
    expect(fingerprint(root)).toEqual(before)
    const part = await imported(root, directory, '--partial')
    expect(part).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('still pending: apiserver-kubelet-client'),
    })
    expect(text(root, 'pki/apiserver.crt')).toBe(answers.apiserver)
    const rest = await imported(root, answersIn(files(answers)))
    expect(rest.exitCode, rest.stderr).toBe(0)
    expect(rest.stdout).toContain('certificate for serving the Kubernetes API is installed already')
  })

  it('installs what is right beside what is wrong, and says so', async () => {
    const { root } = copyOf(node)
    const wrong = answerTo(node, 'apiserver', { extKeyUsage: '' })
    const { stdout, stderr, exitCode } = await imported(
      root,
      answersIn(files({ ...answers, apiserver: wrong })),
      '--partial',
    )
    expect(exitCode).toBe(3)
    expect(stderr).toContain('EXT_KEY_USAGE_MISSING')
    expect(stdout).not.toContain('certificate for serving the Kubernetes API')
    expect(text(root, 'pki/front-proxy-client.crt')).toBe(answers['front-proxy-client'])
    expect(text(root, 'pki/apiserver.crt')).not.toBe(wrong)
  })

  it('lets one difference pass by its code, and keeps it on record', async () => {
    const { root } = copyOf(node)
    const named = answerTo(node, 'scheduler.conf', { subjectAltName: 'DNS:scheduler' })
    const directory = answersIn(files({ ...answers, 'scheduler.conf': named }))
    const other = await imported(root, directory, '--allow', 'TOO_SHORT')
    expect(other).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('SAN_ADDED: subjectAltName: '),
    })
    const { stderr, exitCode } = await imported(root, directory, '--allow', 'SAN_ADDED')
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain('warning: scheduler.conf: SAN_ADDED allowed: ')
    const history = await kubepki('certs', 'history', '--root', root)
    expect(history.stdout).toContain('certs import --allow SAN_ADDED')
  })

  it('takes of two answers to one request the one that lasts longer', async () => {
    const { root } = copyOf(node)
    const longer = answerTo(node, 'apiserver', { end: '20281121000000Z' })
    const { exitCode, stderr } = await imported(root, answersIn({ ...files(answers), 'second.pem': longer }))
    expect(exitCode, stderr).toBe(0)
    expect(text(root, 'pki/apiserver.crt')).toBe(longer)
  })
})
