/**
 * What kubepki says offline of a CertificateSigningRequest against what a real API server accepts and a real
 * kube-controller-manager signs: one verdict, or a difference that is written down here with its reason.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseSigningRequest } from '../../src/kubernetes/certificate-signing-request.ts'
import { API_RULES } from '../../src/pki/csr/api-rules.ts'
import { factsOf } from '../../src/pki/csr/facts.ts'
import { offlineFlaws } from '../../src/pki/csr/offline.ts'
import { SIGNER_RULES } from '../../src/pki/csr/signer-rules.ts'
import { TRANSITION_RULES, transitionFlaws } from '../../src/pki/csr/transition-rules.ts'
import { startControllerManager } from '../support/components.ts'
import {
  freePort,
  makeControlPlaneTree,
  pkiFile,
  type Server,
  startApiServer,
  startEtcd,
} from '../support/control-plane.ts'
import { createCases, type Made, signerCases, statusCases } from '../support/csr-cases.ts'
import { type TransitionBase, transitionCases } from '../support/csr-transitions.ts'
import { fileDir, provideMountPoint } from '../support/kubeadm.ts'
import { administrator, type Rest, type RestAnswer } from '../support/rest.ts'

provideMountPoint()
const folder = fileDir()
const root = join(folder, 'agreement')
const servers: Server[] = []
let rest: Rest

type AnyObject = RestAnswer['body']

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

beforeAll(async () => {
  const port = await freePort()
  await makeControlPlaneTree(root, port)
  const etcd = await startEtcd(root, join(root, 'etcd'))
  servers.push(etcd)
  servers.push(await startApiServer(root, port, etcd.port))
  servers.push(await startControllerManager(root, port, true))
  rest = administrator(root, port)
})

afterAll(async () => {
  rest?.close()
  for (const server of servers.toReversed()) await server.stop()
})

const ADMISSION = 'SIGNER_ADMISSION'
const API_CODES = new Set([...API_RULES.map(({ code }) => code), ADMISSION])
const SIGNER_CODES = new Set(SIGNER_RULES.map(({ code }) => code).filter(code => code !== ADMISSION))

/** Codes of ours that speak against the object. */
function flawsOf(object: object, codes: ReadonlySet<string>): string[] {
  const csr = parseSigningRequest(object)
  if ('found' in csr) throw new Error(csr.found)
  const flaws = offlineFlaws(factsOf(csr, { now: new Date() }))
  return flaws.map(({ code }) => code).filter(code => codes.has(code))
}

interface Compared {
  readonly what: string
  readonly ours: readonly string[]
  readonly theirs: string | undefined
}

interface Difference {
  readonly code: string
  readonly why: string
}

/** Refused by kubepki, taken by Kubernetes 1.20. */
const STRICTER: readonly Difference[] = [
  { code: 'EXPIRATION_SECONDS', why: 'the field is not known before 1.22, and dropped' },
]

/** Taken by kubepki, refused by Kubernetes 1.20. */
const LATER: readonly { readonly what: RegExp; readonly why: string }[] = [
  {
    what: /: usages a (client|server), short$/,
    why: 'kubelets leave key encipherment out with an EC key since 1.27, and signers take that since then',
  },
]

function differences(compared: readonly Compared[]): string[] {
  return compared.flatMap(({ what, ours, theirs }) => {
    if (ours.length === 0 && theirs !== undefined)
      return LATER.some(one => one.what.test(what)) ? [] : [`${what}: taken here, refused there: ${theirs}`]
    if (ours.length > 0 && theirs === undefined)
      return ours.every(code => STRICTER.some(one => one.code === code))
        ? []
        : [`${what}: taken there, refused here: ${ours}`]
    return []
  })
}

const refusal = ({ status, body }: RestAnswer) => (status < 300 ? undefined : `${status} ${body.message}`)

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let start = 0; start < items.length; start += 8)
    results.push(...(await Promise.all(items.slice(start, start + 8).map(work))))
  return results
}

let count = 0

test('create: the API server takes what kubepki takes', async () => {
  const cases = createCases()
  const compared = await inTurns(cases, async ({ what, object }) => {
    const theirs = refusal(await rest.send('POST', `${PATH}?dryRun=All`, object))
    return { what, ours: flawsOf(object, API_CODES), theirs }
  })
  expect(differences(compared)).toEqual([])
  expect(compared.filter(({ theirs }) => theirs === undefined).length).toBeGreaterThan(60)
  expect(compared.filter(({ theirs }) => theirs !== undefined).length).toBeGreaterThan(60)
  count += cases.length
})

test('approval and status: conditions and certificates', async () => {
  const [{ object } = { object: {} }] = createCases()
  const base = await rest.send('POST', PATH, { ...object, metadata: { name: 'status-base' } })
  expect(base.status, base.body.message).toBe(201)
  const cases = statusCases(readFileSync(pkiFile(root, 'ca.crt'), 'utf8'))
  const compared = await inTurns(cases, async ({ what, status, subresource }) => {
    const changed = { ...base.body, status }
    const answer = await rest.send('PUT', `${PATH}/status-base/${subresource}?dryRun=All`, changed)
    return { what, ours: flawsOf(changed, API_CODES), theirs: refusal(answer) }
  })
  expect(differences(compared)).toEqual([])
  count += cases.length
})

/** Objects in every state, made for a signer that nobody is. */
async function baseOf(name: string, status: TransitionBase): Promise<AnyObject> {
  const [{ object } = { object: {} }] = createCases() as readonly { readonly object: { spec?: object } }[]
  const spec = { ...object.spec, signerName: 'example.com/nobody', usages: ['client auth'] }
  const made = await rest.send('POST', PATH, { ...object, metadata: { name }, spec })
  expect(made.status, made.body.message).toBe(201)
  let current = made.body
  for (const [subresource, part] of Object.entries(status)) {
    const { body, status: code } = await rest.send('PUT', `${PATH}/${name}/${subresource}`, {
      ...current,
      status: { ...current.status, ...part },
    })
    expect(code, body.message).toBe(200)
    current = body
  }
  return current
}

const codesOf = (object: object) => {
  const csr = parseSigningRequest(object)
  if ('found' in csr) throw new Error(csr.found)
  return csr
}

/** What the API server refuses, or takes without heeding it. */
function unheeded(asked: object, { status, body }: RestAnswer): string | undefined {
  if (status >= 300) return `${status} ${body.message}`
  const [wanted, found] = [codesOf(asked), codesOf(body)]
  const parts = ({ spec, status: { conditions, certificate } }: typeof wanted) => ({
    ...{ spec, certificate },
    conditions: conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message })),
  })
  return isDeepStrictEqual(parts(wanted), parts(found)) ? undefined : 'not heeded'
}

test('every change: what the API server refuses or drops is a flaw here', async () => {
  const cases = transitionCases(readFileSync(pkiFile(root, 'ca.crt'), 'utf8'))
  const bases = new Map<string, AnyObject>()
  for (const [name, status] of Object.entries(cases.bases)) bases.set(name, await baseOf(name, status))
  const compared = await inTurns(cases.changes, async ({ what, base, subresource, change }) => {
    const before = bases.get(base) ?? {}
    const after = change(before)
    const path = `${PATH}/${base}${subresource === undefined ? '' : `/${subresource}`}?dryRun=All`
    const flaws = transitionFlaws({ before: codesOf(before), after: codesOf(after), subresource })
    const ours = [...flaws.map(({ code }) => code), ...flawsOf(after, API_CODES)]
    return { what, ours, theirs: unheeded(after, await rest.send('PUT', path, after)) }
  })
  expect(differences(compared)).toEqual([])
  expect(new Set(compared.flatMap(({ ours }) => ours))).toEqual(
    new Set([...TRANSITION_RULES.map(({ code }) => code), 'CONDITIONS_EXCLUSIVE']),
  )
  expect(compared.filter(({ theirs }) => theirs === undefined).length).toBeGreaterThan(20)
  count += cases.changes.length
})

interface Signed extends Compared {
  readonly object: object
}

/** Makes and approves it, and waits for what the signer says. */
async function sign({ what, object }: Made): Promise<Signed> {
  const created = await rest.send('POST', PATH, object)
  if (created.status !== 201) throw new Error(`${what}: ${created.body.message}`)
  const path = `${PATH}/${created.body.metadata.name}`
  await approve(path)
  for (let tries = 0; tries < 450; tries += 1) {
    const { body } = await rest.send('GET', path)
    const failed = body.status.conditions?.find(({ type }: { type: string }) => type === 'Failed')
    const ours = flawsOf(object, SIGNER_CODES)
    if (failed) return { what, object, ours, theirs: failed.message }
    if (body.status.certificate) return { what, object, ours, theirs: undefined }
    await sleep(200)
  }
  throw new Error(`${what}: neither issued nor failed`)
}

/** kube-controller-manager approves some of them itself meanwhile. */
async function approve(path: string): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    const { body } = await rest.send('GET', path)
    const conditions = body.status.conditions ?? []
    if (conditions.some(({ type }: { type: string }) => type === 'Approved')) return
    const condition = { type: 'Approved', status: 'True', reason: 'Test', message: 'by the test' }
    const answer = await rest.send('PUT', `${path}/approval`, {
      ...body,
      status: { ...body.status, conditions: [...conditions, condition] },
    })
    if (answer.status < 300) return
  }
  throw new Error(`${path}: cannot be approved`)
}

test('the signers of kube-controller-manager issue what kubepki takes', async () => {
  const cases = signerCases()
  for (const { what, object } of cases) expect(flawsOf(object, API_CODES), what).toEqual([])
  const compared = await inTurns(cases, sign)
  expect(differences(compared)).toEqual([])
  count += cases.length
})

test('they were three hundred at least', () => {
  console.log(`${count} objects compared`)
  expect(count).toBeGreaterThanOrEqual(300)
})
