/**
 * csr create killed at every call that changes the disk; then the same command again. The key that was sent is the one
 * that is certified, and nobody else could read it meanwhile.
 */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeFiles, writeKubeconfig } from '../support/fake-api-server.ts'
import { BUNDLE, type Call, execute, type Fault, PRELOAD } from '../support/faults.ts'
import { tempDir } from '../support/node.ts'
import {
  approved,
  type RequestServer,
  requestIn,
  signedForClient,
  startRequestServer,
} from '../support/request-server.ts'
import { pointsOf } from '../support/sweep.ts'

const files = makeFiles()
let server: RequestServer
let kubeconfig: string

beforeAll(async () => {
  server = await startRequestServer(files, {
    onCreate: held => approved(signedForClient(files, requestIn(held))),
  })
  kubeconfig = writeKubeconfig(files, { server: server.url, user: { token: 'x' } })
})
afterAll(async () => {
  await server.stop()
  rmSync(files.directory, { recursive: true })
})

interface Work {
  readonly name: string
  readonly directory: string
  /** What is asked to be written. */
  readonly outputs: readonly string[]
}

/** The pair is made in the same way for all: that is swept with the first. Other files than these are left over. */
const OUTPUTS = {
  'a kubeconfig and a certificate': ['--kubeconfig-out=jane.conf', '--cert-out=jane.crt'],
  'a certificate and a key': ['--cert-out=jane.crt', '--key-out=jane.key'],
  'the standard output': ['--wait', '--key-out=jane.key'],
} as const

const [FIRST] = Object.values(OUTPUTS)

function create({ name, directory, outputs }: Work, fault?: Fault & { readonly report?: string }) {
  const flags = outputs.map(flag => flag.replace('=', `=${directory}/`))
  const asked = ['--user', 'jane', '--encryption-algorithm', 'ECDSA-P256', '--kubeconfig', kubeconfig]
  const argv = [...(fault ? ['--require', PRELOAD] : []), BUNDLE, 'csr', 'create', name, ...asked, ...flags]
  const FAULT = fault ? JSON.stringify({ ...fault, root: directory }) : ''
  return execute([process.execPath, ...argv], { ...process.env, FAULT })
}

function workplace(name: string, outputs: readonly string[]): Work {
  const directory = join(tempDir(), 'work')
  mkdirSync(directory)
  return { name, directory, outputs }
}

const read = ({ directory }: Work, file: string) => readFileSync(join(directory, file), 'utf8')
const embedded = (text: string, field: string) =>
  Buffer.from(new RegExp(`${field}: (\\S+)`).exec(text)?.[1] ?? '', 'base64').toString('utf8')
const publicKey = (key: string) =>
  createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'pem' })

function tried(what: string, work: () => unknown): string[] {
  try {
    work()
    return []
  } catch (error) {
    return [`${what}: ${(error as Error).message}`]
  }
}

/** What has its name is whole, and what holds a key is its owner's alone, whatever it is called. */
function troublesAtAnyTime(work: Work): string[] {
  const whole: Readonly<Record<string, (text: string) => unknown>> = {
    'jane.key': createPrivateKey,
    'jane.conf.key': createPrivateKey,
    'jane.conf': text => createPrivateKey(embedded(text, 'client-key-data')),
    'jane.crt': text => new X509Certificate(text),
  }
  return readdirSync(work.directory).flatMap(file => {
    const text = read(work, file)
    const isOpen = (lstatSync(join(work.directory, file)).mode & 0o077) !== 0
    const holdsKey = file !== 'jane.crt' && !file.includes('.crt.')
    return [
      ...(isOpen && holdsKey ? [`${file}: open to others`] : []),
      ...tried(file, () => whole[file]?.(text)),
      ...(file in whole && !text.endsWith('\n') ? [`${file}: its end is missing`] : []),
    ]
  })
}

/** Key and certificate belong together and to what the cluster was sent, and nothing else is there. */
function troublesAtRest(work: Work, stdout: string): string[] {
  const names = work.outputs.flatMap(flag => flag.split('=')[1] ?? [])
  const left = readdirSync(work.directory).filter(file => !names.includes(file))
  const conf = names.includes('jane.conf') ? read(work, 'jane.conf') : undefined
  const key = conf ? embedded(conf, 'client-key-data') : read(work, 'jane.key')
  const certificates = [
    ...(conf ? [embedded(conf, 'client-certificate-data')] : []),
    ...(names.includes('jane.crt') ? [read(work, 'jane.crt')] : []),
    ...(work.outputs.includes('--wait') ? [stdout] : []),
  ]
  const held = server.objects.get(work.name)
  const sent = Buffer.from(String(held?.status.certificate), 'base64').toString('utf8')
  return [
    ...left.map(file => `${file}: left behind`),
    ...[sent, ...certificates].flatMap(certificate =>
      tried('certificate', () => expect(publicKeyOf(certificate)).toBe(publicKey(key))),
    ),
  ]
}

const publicKeyOf = (certificate: string) =>
  new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'pem' })

async function callsOf(outputs: readonly string[]): Promise<Call[]> {
  const report = join(tempDir(), 'calls.json')
  const work = workplace(`count-${outputs.length}-${outputs[0]}`.replace(/[^a-z0-9-]/g, ''), outputs)
  const ended = await create(work, { at: 0, scope: 'changes', report })
  expect(ended, ended.stderr).toMatchObject({ exitCode: 0 })
  expect(troublesAtRest(work, ended.stdout)).toEqual([])
  return JSON.parse(readFileSync(report, 'utf8'))
}

async function inThrees<T>(items: readonly T[], each: (item: T) => Promise<string[]>): Promise<string[]> {
  const results: string[][] = []
  for (let start = 0; start < items.length; start += 3)
    results.push(...(await Promise.all(items.slice(start, start + 3).map(each))))
  return results.flat()
}

it.each(Object.entries(OUTPUTS))('killed at every call, and run again: %s', async (what, outputs) => {
  const calls = await callsOf(outputs)
  const placed = calls.findLastIndex(({ name, path }) => name === 'linkSync' && path.includes('.key'))
  const points = pointsOf(calls).slice(outputs === FIRST ? 0 : placed)
  const troubles = await inThrees(points, async ({ call, ...point }) => {
    const work = workplace(`${what.replaceAll(' ', '-')}-${point.at}`, outputs)
    const killed = await create(work, point)
    const early = troublesAtAnyTime(work)
    const wasSent = server.objects.has(work.name)
    const again = await create(work)
    const found = [
      ...early,
      ...(killed.signal === 'SIGKILL' ? [] : [`not killed: ${killed.stderr}`]),
      ...(again.exitCode === 0 ? [] : [`again: exit ${again.exitCode}: ${again.stderr}`]),
      ...(wasSent === again.stderr.includes('is in the cluster already') ? [] : ['not the same request']),
    ]
    const wrong = again.exitCode === 0 ? troublesAtRest(work, again.stdout) : []
    return [...found, ...wrong].map(
      one => `${point.action} at ${point.at}, ${call.name} ${call.path}: ${one}`,
    )
  })
  console.log(`${what}: killed at ${points.length} calls`)
  expect(troubles).toEqual([])
  expect(placed).toBeGreaterThan(5)
  expect(points.length).toBeGreaterThan(outputs === FIRST ? 25 : 2)
})
