/** What is asked for in a new request, by whom it is for: a user, a node as a client, a node as a server. Pure. */
import { readCertificateRequest } from '../../x509/certificate-request.ts'
import type { Der, TbsParts } from '../../x509/der.ts'
import { subjectOf } from '../../x509/profile.ts'
import {
  SUBJECT_ALT_NAME,
  type SubjectAltName,
  subjectAltNameExtension,
  subjectAltNameKey,
} from '../../x509/subject-alt-name.ts'
import { KUBE_APISERVER_CLIENT, KUBELET_CLIENT, KUBELET_SERVING, NODE_PREFIX } from './signer-name.ts'

export type AskedSubject =
  | { readonly kind: 'user'; readonly user: string; readonly groups: readonly string[] }
  | { readonly kind: 'node-client'; readonly node: string }
  | { readonly kind: 'node-serving'; readonly node: string; readonly names: readonly SubjectAltName[] }

interface Habit {
  readonly signerName: string
  readonly usage: 'client auth' | 'server auth'
}

/** By whom Kubernetes has such requests signed, and for what. */
export const HABITS: Readonly<Record<AskedSubject['kind'], Habit>> = {
  user: { signerName: KUBE_APISERVER_CLIENT, usage: 'client auth' },
  'node-client': { signerName: KUBELET_CLIENT, usage: 'client auth' },
  'node-serving': { signerName: KUBELET_SERVING, usage: 'server auth' },
}

/** Also of a key that enciphers nothing: signers before Kubernetes 1.27 take no fewer of a node. */
export function habitualUsages(usage: Habit['usage']): string[] {
  return [usage, 'digital signature', 'key encipherment']
}

/** Of a signer whose requests are all alike; undefined of any other. */
export function habitualUsageOf(signerName: string): Habit['usage'] | undefined {
  return Object.values(HABITS).find(habit => habit.signerName === signerName)?.usage
}

/** The group of all nodes. */
export const NODES = 'system:nodes'

/** Subject and alternative names; usages are the object's to say. */
export function askedParts(asked: AskedSubject): TbsParts {
  const [commonName, organizations] =
    asked.kind === 'user' ? [asked.user, asked.groups] : [`${NODE_PREFIX}${asked.node}`, [NODES]]
  const names = asked.kind === 'node-serving' ? asked.names : []
  const profile = { commonName, organizations, isCa: false, extKeyUsage: [], subjectAltName: names } as const
  const extension = names.length > 0 ? [[SUBJECT_ALT_NAME, subjectAltNameExtension(names)] as const] : []
  return { subject: subjectOf(profile), extensions: new Map<string, Der>(extension) }
}

/** Whether a request that was made before asks for the same. */
export function asksFor(csr: string, asked: AskedSubject): boolean {
  const request = readCertificateRequest(csr)
  if ('reason' in request || !request.isProved) return false
  const wanted = askedParts(asked)
  const names = asked.kind === 'node-serving' ? asked.names : []
  return (
    Buffer.compare(request.subject, wanted.subject) === 0 && keysOf(request.subjectAltNames) === keysOf(names)
  )
}

function keysOf(names: readonly SubjectAltName[]): string {
  return names.map(subjectAltNameKey).toSorted().join('\n')
}
