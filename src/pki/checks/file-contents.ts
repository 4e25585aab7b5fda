/** Whether the bytes of a file are what Kubernetes reads. */
import { describeUnusable } from '../../errors.ts'
import { impactOf } from '../../inventory/names.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { FileStatus } from '../file-evidence.ts'
import { type Entry, shownFile } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { byHand, refilling, rewritten, rewrittenKey, withoutItsKey } from './file-repairs.ts'
import { CLIENT, SERVER } from './kubelet-way-back.ts'
import { observe, type Subject, subjectsOf } from './subjects.ts'

export const FILE_CONTENT_CHECKS: readonly Check[] = [
  {
    code: 'EMPTY_FILE',
    group: 'files',
    severity: 'error',
    title: 'a file is empty, as a full disk leaves it',
    needs: ['certificates'],
    remedy: 'put it back from a backup, or have it made anew',
    find: emptyFiles,
  },
  {
    code: 'PEM_NOT_FOR_KUBERNETES',
    group: 'files',
    severity: 'error',
    title: 'a file that openssl may read, and Kubernetes does not',
    needs: ['certificates'],
    remedy: 'write it anew as plain PEM',
    find: evidence => [
      ...onceEach(evidence).flatMap(subject => unreadBy(evidence, subject)),
      ...unreadKeys(evidence),
    ],
  },
  {
    code: 'KEY_IN_CERTIFICATE_FILE',
    group: 'files',
    severity: 'error',
    title: 'a private key lies in a file of certificates, which everybody may read',
    needs: ['certificates'],
    remedy: 'take the key out of it, and renew what it belongs to',
    find: evidence => onceEach(evidence).flatMap(subject => keyInside(evidence, subject)),
  },
  {
    code: 'LINK_OUT_OF_ROOT',
    group: 'files',
    severity: 'warning',
    title: 'a link leads out of the tree that was to be looked at',
    needs: ['certificates'],
    remedy: 'give the directory above as --root, or look at the node itself',
    find: evidence => linksOut(evidence),
  },
]

/** By the row, or by its size where nobody may read it. */
function emptyFiles(evidence: Evidence): readonly Observation[] {
  const { files } = evidence
  const empty = emptyPaths(evidence)
  return files.statuses
    .filter(({ status, file }) => isNothing(status) || empty.has(file.path))
    .map(status => ({
      ...{ certificate: status.name, file: status.file.path },
      ...{ expected: CONTENTS[status.use], found: 'nothing in it' },
      impact: status.use === 'publicKey' || status.name === 'sa' ? TOKENS : impactOf(status.name),
      remedy: refilling(evidence, status),
    }))
}

const CONTENTS: Readonly<Record<FileStatus['use'], string>> = {
  certificate: 'a certificate',
  key: 'a private key',
  kubeconfig: 'a kubeconfig',
  publicKey: 'a public key',
}

const TOKENS = 'service account tokens are not issued or not accepted: pods cannot reach the API server'

function isNothing(status: FileStatus['status']): boolean {
  return status.state === 'present' && status.isFile && status.size === 0
}

/** Whitespace is nothing either. */
function emptyPaths({ snapshot, keys, serviceAccount, copies }: Evidence): ReadonlySet<string> {
  const rows = [...snapshot.entries, ...copies].flatMap(entry => {
    const key = keys.get(entry.name)
    return [
      ...(isEmpty(entry.certificate) ? [shownFile(entry)] : []),
      ...(entry.key && key && isEmpty(key) ? [entry.key.path] : []),
    ]
  })
  const { publicKeys, publicKeyFile, privateKey, privateKeyFile } = serviceAccount
  const isBlank = publicKeys.state === 'present' && publicKeys.text.trim() === ''
  return new Set([
    ...rows,
    ...(isBlank ? [publicKeyFile.path] : []),
    ...(isEmpty(privateKey) ? [privateKeyFile.path] : []),
  ])
}

function isEmpty(found: { readonly state: string; readonly reason?: string }): boolean {
  return found.state === 'invalid' && found.reason === 'EMPTY_FILE'
}

/** A file that two rows have is said of the first: a kubeconfig's reference of the row it leads to. */
function onceEach(evidence: Evidence): readonly Subject[] {
  const all = subjectsOf(evidence).toSorted(
    (a, b) => Number(isReference(a.entry)) - Number(isReference(b.entry)),
  )
  return all.filter((one, index) => !all.slice(0, index).some(other => other.file === one.file))
}

const isReference = ({ certificateFile }: Entry) => certificateFile !== undefined

/** What readers of certificates said: a sentence for each quirk. */
function unreadBy(evidence: Evidence, { entry, ...subject }: Subject): readonly Observation[] {
  const warnings = entry.certificate.state === 'present' ? entry.certificate.warnings : []
  return warnings.flatMap(warning => {
    const isUnread = /Kubernetes will not|neither Kubernetes/.test(warning)
    const isPassed = /passed over$/.test(warning)
    if (!isUnread && !isPassed) return []
    return observe(
      evidence,
      { entry, ...subject },
      {
        ...(isPassed && { severity: 'warning' }),
        expected: 'PEM that every reader takes',
        found: warning,
        remedy: rewriting(evidence, { entry, ...subject }),
      },
    )
  })
}

function rewriting(evidence: Evidence, { entry, file }: Subject): string {
  const { certificate } = entry
  if (entry.kind === 'kubeconfig' && !isReference(entry))
    return `write the base64 of it on one line, without spaces or tags, in ${file}`
  const isWhole = certificate.state === 'present' && !certificate.holdsKey
  return isWhole && certificate.warnings.every(isReadByOpenssl)
    ? rewritten(file)
    : byHand(evidence, entry, file)
}

const isReadByOpenssl = (warning: string) => warning.includes(': openssl reads it')

/** What is said of the certificate in the same file is not said again. */
function unreadKeys(evidence: Evidence): readonly Observation[] {
  const { snapshot, copies, keys, serviceAccount } = evidence
  const rows = [...snapshot.entries, ...copies].flatMap(entry => {
    const key = keys.get(entry.name)
    const path = entry.key?.path ?? entry.file.path
    const said = entry.certificate.state === 'present' ? entry.certificate.warnings : []
    return key?.state === 'present' && said.length === 0 ? [{ entry, name: entry.name, path, key }] : []
  })
  const { privateKey: key, privateKeyFile } = serviceAccount
  const own = key.state === 'present' ? [{ name: 'sa', path: privateKeyFile.path, key }] : []
  const files = [...rows, ...own]
  const once = files.filter(({ path }, index) => files.findIndex(other => other.path === path) === index)
  return once.flatMap(one => (one.key.warnings ?? []).map(found => unreadKey(evidence, one, found)))
}

interface KeyFile {
  readonly name: string
  readonly path: string
  readonly entry?: Entry
}

function unreadKey(evidence: Evidence, { name, path, entry }: KeyFile, found: string): Observation {
  const isEmbedded = entry?.kind === 'kubeconfig' && entry.file.path === path
  const byOpenssl = isReadByOpenssl(found) && !isEmbedded
  const isCa = entry?.kind === 'ca'
  const impact = name === 'sa' ? TOKENS : isCa ? 'this CA signs nothing here' : impactOf(name)
  const instead = entry ? byHand(evidence, entry, path) : `write the key in ${shellWord(path)} as plain PEM`
  return {
    ...{ certificate: name, file: path, impact },
    ...{ expected: 'a key in PEM that every reader takes', found },
    remedy: byOpenssl ? rewrittenKey(path) : instead,
  }
}

/** Normal where the key belongs to the same file: the kubelet's rotated ones, a pair in one file. */
function keyInside(evidence: Evidence, subject: Subject): readonly Observation[] {
  const { entry, file } = subject
  const { certificate, key } = entry
  const embedded = entry.kind === 'kubeconfig' && !isReference(entry)
  const isOwn = key !== undefined && (key.path === file || isRotated(entry.name))
  if (certificate.state !== 'present' || !certificate.holdsKey || embedded || isOwn) return []
  const status = evidence.files.statuses.find(one => one.file.path === file)
  const isOpen = status?.status.state === 'present' && (status.status.mode & 0o004) !== 0
  const isReachable = isOpen && status.parents.every(({ mode }) => (mode & 0o001) !== 0)
  return [
    observe(evidence, subject, {
      severity: isReachable ? 'error' : 'warning',
      expected: 'certificates only',
      found: `a private key beside them${isReachable ? ', and everybody can read the file' : ''}`,
      impact: 'files of certificates are handed around and readable: the key goes with them',
      remedy: withoutItsKey(evidence, entry, { path: file, isReachable }),
    }),
  ]
}

function isRotated(name: string): boolean {
  return name === CLIENT || name === SERVER
}

/** Of keys, too, which no other check follows. */
function linksOut({ snapshot, serviceAccount, copies }: Evidence): readonly Observation[] {
  const { publicKeyFile, privateKeyFile } = serviceAccount
  const files = [
    ...[...snapshot.entries, ...copies].flatMap(({ name, key }) => (key ? [{ name, file: key }] : [])),
    ...[publicKeyFile, privateKeyFile].map(file => ({ name: 'sa', file })),
  ]
  return files.flatMap(({ name, file }) =>
    file.state === 'invalid' && file.reason === 'OUTSIDE_ROOT'
      ? {
          ...{ certificate: name, file: file.path },
          ...{ expected: 'a file below the root', found: describeUnusable(file) },
          impact: 'it is not looked at, and no command changes it',
          remedy: 'on the node itself: kubepki certs verify',
        }
      : [],
  )
}
