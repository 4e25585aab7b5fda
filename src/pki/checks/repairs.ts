/** What to do about a row: a command that can be run as it stands, and behind a `#` what is to be known besides. */
import { isKubeletsName } from '../../inventory/names.ts'
import { isIssuable } from '../../x509/key-algorithm.ts'
import { type Identity, identityOf } from '../../x509/subject.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { isExternallyManaged, isManagedElsewhere } from '../external-ca.ts'
import { OTHER_NODES } from '../remedies.ts'
import { type Entry, entryNamed } from '../snapshot.ts'
import { firstOf, NEW_CA } from './before-signing.ts'
import { APPROVE_SERVING, CLIENT, CONF, newKubeconfig, RESTART, SERVER } from './kubelet-way-back.ts'

/** The command that gives a row a new certificate and a new key. `flags`: more of them, each with a space before it. */
export function renewalOf(evidence: Evidence, entry: Entry, flags = ''): string {
  const { snapshot, copies } = evidence
  if (copies.includes(entry)) return replacementOf(evidence, entry)
  if (entry.kind === 'ca') return NEW_CA
  if (isKubeletsName(entry.name)) return kubeletsRenewal(evidence, entry)
  const command = `kubepki certs renew ${entry.name}${flags}`
  if (flags === '' && evidence.awaited?.names.has(entry.name))
    return `kubepki certs requests${evidence.awaited.commandFlags} # its request waits for the CA: have it signed, then kubepki certs import`
  if (isManagedElsewhere(snapshot, entry))
    return `${command} --csr-only${snapshot.commandFlags} # its CA is elsewhere: have the request signed, then kubepki certs import`
  return `${firstOf(evidence, entry)}${command}${snapshot.commandFlags}`
}

/** One that there is none of yet: what is left of the old one is kept beside. */
export function makingOf(evidence: Evidence, entry: Entry): string {
  const { snapshot, copies } = evidence
  const { kind, name, file } = entry
  if (copies.includes(entry)) return `put a kubeconfig that works in place of ${shellWord(file.path)}`
  if (kind === 'ca') return putBack(file.path)
  if (name === CONF || kind === 'kubelet') return kubeletsRenewal(evidence, entry)
  const isElsewhere = isExternallyManaged(entryNamed(snapshot, entry.caName))
  const away = outOfTheWay(entry)
  const flags = `${algorithmOfCa(evidence, entry)}${snapshot.commandFlags}`
  if (isElsewhere)
    return `${away}kubepki certs generate-csr ${name}${flags} # its CA is elsewhere: have the request signed, then kubepki certs import`
  const further = furtherNames(evidence, entry, false)
  return `${firstOf(evidence, entry)}${away}kubepki init phase ${phaseOf(entry)}${flags}${further ? `${further};` : ' #'} or put one back: kubepki certs history${snapshot.commandFlags}`
}

/** Of a pair both: a phase keeps what it finds. */
export function outOfTheWay({ kind, file, key, certificate }: Entry): string {
  const hasKey = kind === 'leaf' && key && key.state !== 'missing'
  return [
    ...(certificate.state === 'missing' ? [] : [aside(file.path)]),
    ...(hasKey ? [aside(key.path)] : []),
  ].join('')
}

function aside(path: string): string {
  return `mv --backup=numbered ${shellWord(path)} ${shellWord(`${path}.old`)} && `
}

/** That makes the row, by `kubepki init phase`. */
export function phaseOf({ kind, name }: Entry): string {
  return kind === 'kubeconfig' ? `kubeconfig ${name.replace(/\.conf$/, '')}` : `certs ${name}`
}

/** What was asked for besides is in the configuration alone, where no certificate can be read that has it. */
export function furtherNames({ snapshot }: Evidence, { name }: Entry, areKnown: boolean): string {
  return name !== 'apiserver' || areKnown || snapshot.configuration
    ? ''
    : ' # add --config kubeadm.yaml with the certSANs: further names are not known here'
}

/** A new pair is RSA where nothing says otherwise: an ECDSA cluster stays one. */
function algorithmOfCa({ snapshot }: Evidence, { caName }: Entry): string {
  const certificate = entryNamed(snapshot, caName)?.certificate
  if (snapshot.configuration?.value.encryptionAlgorithm || certificate?.state !== 'present') return ''
  const [{ keyAlgorithm }] = certificate.certificates
  return keyAlgorithm.startsWith('ECDSA-') && isIssuable(keyAlgorithm)
    ? ` --encryption-algorithm ${keyAlgorithm}`
    : ''
}

/** No command makes a CA that the cluster trusts. */
export function putBack(path: string): string {
  return `put the right ${shellWord(path)} back: ${OTHER_NODES}`
}

/** A serving certificate it makes or asks for by itself; to sign in again it needs a new kubelet.conf. */
function kubeletsRenewal(evidence: Evidence, { name, file, key }: Entry): string {
  if (name === CLIENT || name === CONF) return newKubeconfig(evidence)
  if (name === SERVER) {
    return `${firstOf(evidence, { caName: 'ca' })}${aside(file.path)}${RESTART} # ${APPROVE_NEXT}`
  }
  const files = new Set([file.path, ...(key ? [key.path] : [])])
  return `rm -f ${[...files].map(shellWord).join(' ')} && ${RESTART} # it makes a new pair`
}

const APPROVE_NEXT = `then approve its new request, ${APPROVE_SERVING}`

/** Of the admin's the newest is that of this node; anybody else has to be given an own one, never the admin's. */
function replacementOf(evidence: Evidence, copy: Entry): string {
  const { snapshot, now } = evidence
  const admin = entryNamed(snapshot, 'admin.conf')
  const [mine, theirs] = [userOf(copy), userOf(admin)]
  const target = shellWord(copy.file.path)
  if (!mine) return `put a kubeconfig that works in place of ${target}`
  if (admin && theirs && mine.commonName === theirs.commonName) {
    const isOver = admin.certificate.state === 'present' && admin.certificate.certificates[0].notAfter <= now
    return `${isOver ? `${renewalOf(evidence, admin)} && ` : ''}cp --backup=numbered ${shellWord(admin.file.path)} ${target}`
  }
  const user = [['client-name', mine.commonName], ...mine.organizations.map(name => ['org', name])]
  const flags = user.map(([flag, value]) => ` --${flag} ${shellWord(String(value))}`).join('')
  return `(umask 077 && kubepki kubeconfig user${flags}${snapshot.commandFlags} > ${shellWord(`${copy.file.path}.new`)}) && mv --backup=numbered ${shellWord(`${copy.file.path}.new`)} ${target}`
}

/** Of a user; undefined where there is none to be read. */
function userOf(entry: Entry | undefined): Identity | undefined {
  if (entry?.certificate.state !== 'present') return undefined
  const identity = identityOf(entry.certificate.certificates[0])
  return identity.commonName === '' ? undefined : identity
}
