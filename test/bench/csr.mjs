// node test/bench/csr.mjs [COUNT]: how many CertificateSigningRequests a second `csr vet` judges and `csr list` lists, and the
// memory that takes: from a JSON List, from JSON lines through a pipe and from YAML documents. Build first.
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure } from './measure.mjs'

const COUNT = Number(process.argv[2] ?? 100_000)
/** Ten of each node. */
const PER_NODE = 10
const project = join(import.meta.dirname, '../..')
const bundle = join(project, 'dist/kubepki.cjs')
const directory = mkdtempSync(join(tmpdir(), 'kubepki-bench-csr-'))

function element(tag, ...parts) {
  const contents = Buffer.concat(parts)
  const { length } = contents
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), contents])
}
const hex = text => Buffer.from(text.replaceAll(' ', ''), 'hex')
const [CN, O, SAN, EXTENSION_REQUEST, ECDSA] = [
  '0603550403',
  '060355040a',
  '0603551d11',
  '06092a864886f70d01090e',
  '06082a8648ce3d040302',
].map(hex)
const attribute = (type, value) => element(0x31, element(0x30, type, element(0x0c, Buffer.from(value))))

function request(node, address) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const names = element(0x30, element(0x82, Buffer.from(node)), element(0x87, Buffer.from(address)))
  const extensions = element(0x30, element(0x30, SAN, element(0x04, names)))
  const body = element(
    0x30,
    hex('020100'),
    element(0x30, attribute(O, 'system:nodes'), attribute(CN, `system:node:${node}`)),
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    element(0xa0, element(0x30, EXTENSION_REQUEST, element(0x31, extensions))),
  )
  const signature = element(0x03, hex('00'), sign('sha256', body, privateKey))
  const lines = element(0x30, body, element(0x30, ECDSA), signature)
    .toString('base64')
    .match(/.{1,64}/g)
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
}

function* objects() {
  for (let index = 0; index * PER_NODE < COUNT; index += 1) {
    const node = `worker-${index}`
    const text = Buffer.from(request(node, [10, 1, index >> 8, index & 0xff])).toString('base64')
    for (let copy = 0; copy < PER_NODE; copy += 1)
      yield {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: {
          name: `csr-${index}-${copy}`,
          uid: `00000000-0000-4000-8000-${String(index * PER_NODE + copy).padStart(12, '0')}`,
          resourceVersion: String(index),
          creationTimestamp: `2026-11-30T2${copy % 4}:00:0${copy}Z`,
        },
        spec: {
          request: text,
          signerName: 'kubernetes.io/kubelet-serving',
          usages: ['digital signature', 'key encipherment', 'server auth'],
          username: `system:node:${node}`,
          groups: ['system:nodes', 'system:authenticated'],
        },
        status: {},
      }
  }
}

function writeAll(name, { start = '', between = '', end = '', encode }) {
  const path = join(directory, name)
  const descriptor = openSync(path, 'w')
  writeSync(descriptor, start)
  let isFirst = true
  for (const object of objects()) {
    writeSync(descriptor, `${isFirst ? '' : between}${encode(object)}`)
    isFirst = false
  }
  writeSync(descriptor, end)
  closeSync(descriptor)
  return path
}

const yaml = object =>
  `---\n${Object.entries(object)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('')}`
const FILES = {
  'JSON List': {
    name: 'list.json',
    start: '{"apiVersion":"v1","kind":"List","items":[\n',
    between: ',\n',
    end: ']}\n',
    encode: one => JSON.stringify(one, null, 4),
  },
  'JSON lines, through a pipe': {
    name: 'lines.json',
    encode: one => `${JSON.stringify(one)}\n`,
    isPiped: true,
  },
  'YAML documents': { name: 'all.yaml', encode: yaml },
}

try {
  console.log(`\n| ${COUNT} requests | MiB of input | seconds | a second | peak MiB |\n|---|---|---|---|---|`)
  for (const [what, file] of Object.entries(FILES)) {
    const path = writeAll(file.name, file)
    const size = statSync(path).size / 1024 / 1024
    for (const words of [
      'vet --policy kubelet-serving',
      'vet -o json',
      'list',
      'list -o wide',
      'list -o json',
      'clean',
    ]) {
      const from = file.isPiped ? '-' : path
      const run = `"${process.execPath}" "${bundle}" csr ${words} --from "${from}" --now 2026-12-01T00:00:00Z > "${directory}/out" 2> "${directory}/err"`
      const report = join(directory, 'time')
      const inner = file.isPiped ? `cat "${path}" | ${run}` : run
      const { wall, memory } = measure(['sh', '-c', `${inner}; test $? -le 3`], report)
      console.log(
        `| csr ${words}, ${what} | ${size.toFixed(0)} | ${(wall / 1000).toFixed(1)} | ${((COUNT * 1000) / wall).toFixed(0)} | ${memory.toFixed(0)} |`,
      )
    }
    rmSync(path)
  }
} finally {
  rmSync(directory, { recursive: true })
}
