import { describe, expect, it } from 'vitest'
import {
  assessRequests,
  type FoundRequest,
  type LiveCertificate,
  type RequestFacts,
} from '../../src/pki/pending-requests.ts'
import { requestFindings } from '../../src/pki/request-findings.ts'
import { manifestRow } from '../support/requests.ts'

const NOW = new Date('2026-12-01T00:00:00Z')
const daysFromNow = (days: number) => new Date(NOW.getTime() + days * 86_400_000)
const [KEY, OTHER] = ['01'.repeat(32), '02'.repeat(32)]
const DIRECTORY = '/etc/kubernetes/pki/csr'

function found(changes: Partial<FoundRequest> = {}): FoundRequest {
  return {
    name: 'apiserver',
    longName: 'certificate for serving the Kubernetes API',
    caName: 'ca',
    csrFile: `${DIRECTORY}/apiserver.csr`,
    keyFile: `${DIRECTORY}/apiserver.key`,
    certificateFile: '/etc/kubernetes/pki/apiserver.crt',
    isInPlace: false,
    requested: {
      ...{
        subject: 'CN=kube-apiserver',
        subjectAltNames: ['DNS:a'],
        keyUsage: [],
        extKeyUsage: ['serverAuth'],
      },
      ...{ keyAlgorithm: 'RSA-2048', publicKeySha256: KEY, pem: '' },
    },
    modified: daysFromNow(-2),
    ...changes,
  }
}

function live(changes: Partial<LiveCertificate> = {}): LiveCertificate {
  return {
    ...{ name: 'apiserver', file: '/etc/kubernetes/pki/apiserver.crt', publicKeySha256: OTHER },
    ...{ notAfter: daysFromNow(100), isOurExternal: true },
    ...changes,
  }
}

function assess(changes: Partial<RequestFacts>) {
  const facts = { requests: [], answers: [], live: [], known: [], now: NOW, commandFlags: ' --root /mnt' }
  const all: RequestFacts = { ...facts, ...changes }
  const listed = assessRequests(all)
  return { listed, findings: requestFindings(all, listed) }
}

describe('a request is', () => {
  it('pending while its key waits', () => {
    const { listed, findings } = assess({ requests: [found()], live: [live()] })
    expect(listed).toEqual([
      expect.objectContaining({ state: 'pending', subject: 'CN=kube-apiserver', age: 2 * 86_400 }),
    ])
    expect(findings).toEqual([])
  })

  it('overdue after 14 days, and who is asked then is who was asked', () => {
    const remedyBy = (more: object) =>
      assess({
        requests: [found()],
        known: [manifestRow('apiserver', { publicKeySha256: KEY, created: '2026-11-01T00:00:00Z', ...more })],
      }).findings.map(({ remedy }) => remedy)
    expect(remedyBy({})).toEqual([expect.stringContaining('--archive requests.tar --root /mnt')])
    expect(remedyBy({ signerName: 'example.com/pki' })).toEqual([
      expect.stringMatching(
        /: kubepki certs renew apiserver --use-api --signer-name example.com\/pki --root \/mnt$/,
      ),
    ])
  })

  it('as old as requests.json says', () => {
    const known = [manifestRow('apiserver', { publicKeySha256: KEY, created: '2026-11-30T00:00:00Z' })]
    expect(assess({ requests: [found()], known }).listed[0]).toMatchObject({ age: 86_400 })
  })

  it('answered when a certificate for its key lies there', () => {
    const answers = [
      { file: `${DIRECTORY}/other.pem`, publicKeySha256: OTHER },
      { file: `${DIRECTORY}/x.pem`, publicKeySha256: KEY },
    ]
    const { listed, findings } = assess({ requests: [found()], answers })
    expect(listed).toEqual([expect.objectContaining({ state: 'answered', answerFile: `${DIRECTORY}/x.pem` })])
    expect(findings).toEqual([
      expect.objectContaining({
        ...{
          code: 'ANSWER_UNUSED',
          severity: 'warning',
          certificate: 'apiserver',
          file: `${DIRECTORY}/x.pem`,
        },
        remedy: 'kubepki certs import --root /mnt',
      }),
    ])
  })

  it('installed when the live certificate has its key, whatever else lies there', () => {
    const answers = [{ file: `${DIRECTORY}/x.pem`, publicKeySha256: KEY }]
    const { listed, findings } = assess({
      ...{ requests: [found({ flaw: 'no key' })], answers, live: [live({ publicKeySha256: KEY })] },
    })
    expect(listed).toEqual([expect.objectContaining({ state: 'installed' })])
    expect(listed[0]).not.toHaveProperty('answerFile')
    expect(findings).toEqual([])
  })

  it('not installed by the certificate of another row', () => {
    const other = live({ name: 'admin.conf', publicKeySha256: KEY })
    expect(assess({ requests: [found()], live: [other] }).listed[0]?.state).toBe('pending')
  })

  it('installed when requests.json says so, also when its files are gone; the last of a row', () => {
    const rows = ['2025-12-03T00:00:00Z', '2026-11-03T00:00:00Z'].map(installed =>
      manifestRow('apiserver', { created: installed, installed }),
    )
    const { listed } = assess({ known: [...rows, manifestRow('admin.conf')] })
    expect(listed).toEqual([
      expect.objectContaining({ name: 'apiserver', state: 'installed', installed: '2026-11-03T00:00:00Z' }),
    ])
  })

  it('incomplete without its other half', () => {
    const { requested: _, ...key } = found({ flaw: 'apiserver.key is there without apiserver.csr' })
    const { listed, findings } = assess({ requests: [key] })
    expect(listed).toEqual([
      expect.objectContaining({
        state: 'incomplete',
        subject: null,
        message: expect.stringContaining('without'),
      }),
    ])
    expect(findings).toEqual([
      expect.objectContaining({
        code: 'REQUEST_INCOMPLETE',
        severity: 'warning',
        found: expect.stringContaining('without'),
      }),
    ])
  })

  it('no harm when it is left beside live files', () => {
    const { findings } = assess({ requests: [found({ flaw: 'another key', isInPlace: true })] })
    expect(findings).toEqual([expect.objectContaining({ severity: 'info' })])
  })
})

describe('what ought to be done', () => {
  it.each([
    [14, []],
    [14.1, ['REQUEST_PENDING_LONG']],
  ])('pending for %d days: %j', (days, codes) => {
    const { findings } = assess({ requests: [found({ modified: daysFromNow(-days) })] })
    expect(findings.map(({ code }) => code)).toEqual(codes)
  })

  it.each([
    ['soon', live({ notAfter: daysFromNow(30) }), [], ['REQUEST_MISSING']],
    ['long since', live({ notAfter: daysFromNow(-1) }), [], ['REQUEST_MISSING']],
    ['later', live({ notAfter: daysFromNow(31) }), [], []],
    ['soon, from a CA that is here', live({ notAfter: daysFromNow(1), isOurExternal: false }), [], []],
    ['soon, with a request out', live({ notAfter: daysFromNow(1) }), [found()], []],
    [
      'soon, with half a request',
      live({ notAfter: daysFromNow(1) }),
      [found({ flaw: 'x' })],
      ['REQUEST_INCOMPLETE', 'REQUEST_MISSING'],
    ],
  ] as const)('a certificate that ends %s', (_, certificate, requests, codes) => {
    const { findings } = assess({ live: [certificate], requests })
    expect(findings.map(({ code }) => code)).toEqual(codes)
    for (const { code, remedy } of findings)
      if (code === 'REQUEST_MISSING')
        expect(remedy).toBe('kubepki certs renew apiserver --csr-only --root /mnt')
  })
})
