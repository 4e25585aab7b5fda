/** What the kubelet's checks share: which certificate it signs in with, and how it is set up. */
import type { Evidence } from '../evidence.ts'
import { type Entry, entryNamed } from '../snapshot.ts'
import { CLIENT, CONF } from './kubelet-way-back.ts'
import { type Subject, subjectsOf } from './subjects.ts'

export function subjectNamed(evidence: Evidence, name: string): Subject | undefined {
  return subjectsOf(evidence).find(subject => subject.name === name)
}

/** What the kubelet signs in with: its own rotated file before whatever kubelet.conf has. */
export function clientOf(evidence: Evidence): Subject | undefined {
  return subjectNamed(evidence, CLIENT) ?? subjectNamed(evidence, CONF)
}

/** A host of etcd alone runs one that signs in nowhere. */
export function hasKubelet({ snapshot, kubelet }: Evidence): boolean {
  const { configuration, client, bootstrap } = kubelet
  const isSetUp = configuration.state !== 'missing' || client.current.is !== 'missing'
  return snapshot.role !== 'etcd' && (isSetUp || client.dated.length > 0 || bootstrap.state === 'present')
}

/** By a flag, else by the configuration; undefined: neither can be read. */
export function rotates(evidence: Evidence): boolean | undefined {
  return settingOf(evidence, 'rotate-certificates', 'rotateCertificates')
}

export function bootstrapsServing(evidence: Evidence): boolean | undefined {
  return settingOf(evidence, 'rotate-server-certificates', 'serverTLSBootstrap')
}

function settingOf(
  { kubelet: { configuration, flags } }: Evidence,
  flag: string,
  field: 'rotateCertificates' | 'serverTLSBootstrap',
): boolean | undefined {
  const given = flags.get(flag)?.value
  if (given !== undefined) return given === 'true'
  return configuration.state === 'present' ? (configuration.value[field] ?? false) : undefined
}

export function entryOf({ snapshot }: Evidence, name: string): Entry {
  const entry = entryNamed(snapshot, name)
  if (!entry) throw new TypeError(`no row ${name}`)
  return entry
}
