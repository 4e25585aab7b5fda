/** PKCS#10 requests put together by hand, so that anything may be wrong with them, and the objects around them. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { parseIpAddress } from '../../src/ip-address.ts'
import {
  type CertificateSigningRequest,
  parseSigningRequest,
} from '../../src/kubernetes/certificate-signing-request.ts'
import type { NodeObject } from '../../src/kubernetes/node-object.ts'
import { type Der, encodeElement, TAG } from '../../src/x509/der.ts'
import { encodePem } from '../../src/x509/pem.ts'

export type NameValue = readonly [oid: string, value: string]

export interface RequestSpec {
  /** `[['O', 'system:nodes'], ['CN', ...]]`. */
  readonly subject: readonly NameValue[]
  /** `DNS:a`, `IP:10.0.0.1`, `URI:x`, `email:y`, `other:`. */
  readonly names?: readonly string[]
  readonly key?: KeyObject
  /** Of the signature alone. */
  readonly signingKey?: KeyObject
  readonly isCa?: boolean
  readonly extKeyUsage?: readonly string[]
  /** Instead of those that ask for the rest. */
  readonly attributes?: readonly Uint8Array[]
  readonly version?: number
  /** Behind the attributes. */
  readonly surplus?: readonly Uint8Array[]
}

const OIDS: Readonly<Record<string, string>> = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11' }
const UTF8_STRING = 0x0c

export function newKey(curve = 'P-256'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: curve }).privateKey
}

export function newRsaKey(bits: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: bits }).privateKey
}

const SHARED = newKey()

export function oid(text: string): Der {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap(arc => {
    const digits: number[] = [arc & 0x7f]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift((left & 0x7f) | 0x80)
    return digits
  })
  return encodeElement(TAG.oid, Uint8Array.from(bytes))
}

export const sequence = (...parts: readonly Uint8Array[]) => encodeElement(TAG.sequence, ...parts)

export function nameOf(subject: readonly NameValue[]): Der {
  const parts = subject.map(([type, value]) =>
    encodeElement(TAG.set, sequence(oid(OIDS[type] ?? type), encodeElement(UTF8_STRING, Buffer.from(value)))),
  )
  return sequence(...parts)
}

const NAME_TAGS: Readonly<Record<string, number>> = { email: 0x81, DNS: 0x82, URI: 0x86, IP: 0x87 }

export function generalName(text: string): Der {
  const [type = '', ...rest] = text.split(':')
  const value = rest.join(':')
  if (type === 'other')
    return encodeElement(
      0xa0,
      oid('1.3.6.1.4.1.311.20.2.3'),
      encodeElement(0xa0, encodeElement(UTF8_STRING, Buffer.from(value))),
    )
  // Mapped from IPv4 has sixteen bytes here, as Go writes none.
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(value)?.[1]
  if (type === 'IP' && mapped !== undefined)
    return encodeElement(
      0x87,
      Buffer.from([...new Array(10).fill(0), 255, 255, ...mapped.split('.').map(Number)]),
    )
  return encodeElement(
    NAME_TAGS[type] ?? 0,
    type === 'IP' ? (parseIpAddress(value)?.bytes ?? Buffer.from(value)) : Buffer.from(value, 'latin1'),
  )
}

const TRUE = Uint8Array.of(TAG.boolean, 1, 0xff)

export function extension(id: string, value: Uint8Array, ...surplus: readonly Uint8Array[]): Der {
  return sequence(oid(id), encodeElement(TAG.octetString, value), ...surplus)
}

function extensionsOf({ names = [], isCa = false, extKeyUsage = [] }: RequestSpec): Der[] {
  return [
    ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names.map(generalName)))] : []),
    ...(isCa ? [extension('2.5.29.19', sequence(TRUE))] : []),
    ...(extKeyUsage.length > 0 ? [extension('2.5.29.37', sequence(...extKeyUsage.map(oid)))] : []),
  ]
}

/** `values`: more than one is more than may be. */
export function extensionRequest(...values: readonly (readonly Uint8Array[])[]): Der {
  return sequence(
    oid('1.2.840.113549.1.9.14'),
    encodeElement(TAG.set, ...values.map(extensions => sequence(...extensions))),
  )
}

export function requestDer(spec: RequestSpec): Der {
  const key = spec.key ?? SHARED
  const info = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const extensions = extensionsOf(spec)
  const { attributes = extensions.length > 0 ? [extensionRequest(extensions)] : [] } = spec
  const body = sequence(
    encodeElement(TAG.integer, Uint8Array.of(spec.version ?? 0)),
    nameOf(spec.subject),
    info,
    encodeElement(0xa0, ...attributes),
    ...(spec.surplus ?? []),
  )
  const signer = spec.signingKey ?? key
  const signature = sign(signer.asymmetricKeyType === 'ed25519' ? null : 'sha256', body, signer)
  return sequence(body, algorithmOf(signer), encodeElement(TAG.bitString, Uint8Array.of(0), signature))
}

function algorithmOf({ asymmetricKeyType }: KeyObject): Der {
  if (asymmetricKeyType === 'rsa') return sequence(oid('1.2.840.113549.1.1.11'), Uint8Array.of(5, 0))
  return sequence(oid(asymmetricKeyType === 'ed25519' ? '1.3.101.112' : '1.2.840.10045.4.3.2'))
}

export function requestPem(spec: RequestSpec): string {
  return encodePem('CERTIFICATE REQUEST', requestDer(spec))
}

export const SERVING_USAGES = ['digital signature', 'key encipherment', 'server auth']
export const CLIENT_USAGES = ['digital signature', 'key encipherment', 'client auth']
export const NODE_GROUPS = ['system:nodes', 'system:authenticated']

export interface ObjectSpec {
  readonly name?: string
  readonly signerName: string
  readonly usages: readonly string[]
  readonly username: string
  readonly groups: readonly string[]
  readonly made?: string
  readonly expirationSeconds?: number
  readonly conditions?: readonly object[]
  readonly certificate?: string
  readonly pem: string
}

export function objectOf(spec: ObjectSpec): Record<string, unknown> {
  const { name = 'csr-1', signerName, usages, username, groups, made = '2026-12-01T00:00:00Z', pem } = spec
  const { expirationSeconds, conditions = [], certificate } = spec
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name, uid: `uid-${name}`, creationTimestamp: made },
    spec: {
      request: Buffer.from(pem).toString('base64'),
      ...{ signerName, usages, username, groups },
      ...(expirationSeconds !== undefined && { expirationSeconds }),
    },
    status: {
      ...(conditions.length > 0 && { conditions }),
      ...(certificate !== undefined && { certificate: Buffer.from(certificate).toString('base64') }),
    },
  }
}

export function csrOf(spec: ObjectSpec): CertificateSigningRequest {
  const csr = parseSigningRequest(objectOf(spec))
  if ('found' in csr) throw new Error(csr.found)
  return csr
}

export interface NodeRequest extends Partial<Omit<ObjectSpec, 'pem'>> {
  readonly node?: string
  readonly request?: Partial<RequestSpec>
  readonly pem?: string
}

/** What the kubelet of worker-1 asks for a serving certificate with, but for what is said otherwise. */
export function servingRequest({ node = 'worker-1', request, ...object }: NodeRequest = {}): ObjectSpec {
  const subject: NameValue[] = [
    ['O', 'system:nodes'],
    ['CN', `system:node:${node}`],
  ]
  const names = [`DNS:${node}`, 'IP:10.0.0.1']
  return {
    signerName: 'kubernetes.io/kubelet-serving',
    usages: SERVING_USAGES,
    username: `system:node:${node}`,
    groups: NODE_GROUPS,
    pem: requestPem({ subject, names, ...request }),
    ...object,
  }
}

/** Who asks for machines that join OpenShift. */
export const OPENSHIFT_BOOTSTRAPPER = {
  username: 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper',
  groups: [
    'system:serviceaccounts:openshift-machine-config-operator',
    'system:serviceaccounts',
    'system:authenticated',
  ],
}

/** What it joins with, by a bootstrap token. */
export function clientRequest({ node = 'worker-1', request, ...object }: NodeRequest = {}): ObjectSpec {
  const subject: NameValue[] = [
    ['O', 'system:nodes'],
    ['CN', `system:node:${node}`],
  ]
  return {
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: CLIENT_USAGES,
    username: 'system:bootstrap:abcdef',
    groups: [
      'system:bootstrappers',
      'system:bootstrappers:kubeadm:default-node-token',
      'system:authenticated',
    ],
    pem: requestPem({ subject, ...request }),
    ...object,
  }
}

export function nodeObject(name: string, ...addresses: readonly string[]): NodeObject {
  return {
    name,
    creationTimestamp: new Date('2026-11-01T00:00:00Z'),
    addresses: addresses.map(text => {
      const [type = '', ...rest] = text.split('=')
      return { type, address: rest.join('=') }
    }),
  }
}

export const WORKER_1 = nodeObject('worker-1', 'Hostname=worker-1', 'InternalIP=10.0.0.1')
export const WORKER_2 = nodeObject('worker-2', 'Hostname=worker-2', 'InternalIP=10.0.0.2')
