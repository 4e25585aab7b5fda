/** Words that the checks of what is served share. */

import { named } from '../../foreign-text.ts'
import type { Component } from '../../inventory/catalog.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { type Certificate, publicKeySha256Of } from '../../x509/certificate.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import { addressOf, type Listener, type LiveEndpoint } from '../live-evidence.ts'
import { podOf } from '../snapshot.ts'

export const DAY = 86_400_000

/** Where a manifest waits while its pod is stopped. */
const ASIDE = '/root'

/** A static pod by its manifest, as kubeadm's documentation has it; anything else as a service of the host. */
export function restartOf({ snapshot }: Evidence, component: Component): string {
  const pod = podOf(snapshot, component)
  if (!pod) return `systemctl restart ${component}`
  const { path } = pod.file
  const aside = shellWord(`${ASIDE}/${path.slice(path.lastIndexOf('/') + 1)}`)
  return `mv ${shellWord(path)} ${aside} && sleep 20 && mv ${aside} ${shellWord(path)}`
}

/** What a finding is about: the row, else the component. */
export function subjectOf({ component, expected }: Listener): string {
  return expected?.name ?? component
}

export function placeOf(endpoint: LiveEndpoint): string {
  const { component, role } = endpoint
  if (role === 'further') return `--endpoint ${addressOf(endpoint)}`
  return `${component}${role === 'peer' ? ' (peers)' : ''} at ${addressOf(endpoint)}`
}

/** Names by people and by numbers: two CAs may have one name. */
export function described(certificate: Certificate): string {
  const { subject, serialNumber, notAfter, fingerprintSha256 } = certificate
  const number = `serial ${short(serialNumber.toLowerCase())}, SHA-256 ${short(fingerprintSha256)}`
  return `${named(subject)}, ${number}, ends ${instant(notAfter)}`
}

/** With the short hash of its key. */
export function describedKey(certificate: Certificate): string {
  return `${named(certificate.subject)} (key ${short(publicKeySha256Of(certificate))})`
}

export function short(hexadecimal: string): string {
  return hexadecimal.slice(0, 12)
}

/** `expired 3d ago`, `ends in 5d` */
export function endOf({ notAfter }: Pick<Certificate, 'notAfter'>, now: Date): string {
  const seconds = (notAfter.getTime() - now.getTime()) / 1000
  return seconds <= 0 ? `expired ${humanDuration(-seconds)} ago` : `ends in ${humanDuration(seconds)}`
}
