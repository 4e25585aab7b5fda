/** Certificates and keys that are there, belong together, and were signed by the CA that their row names: proved, not by name. */
import { describeUnusable } from '../../errors.ts'
import type { PrivateKey } from '../../x509/key.ts'
import { isKeyOf } from '../../x509/key.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { isExternallyManaged } from '../external-ca.ts'
import { OTHER_NODES } from '../remedies.ts'
import { type Entry, type Found, isOptionalHere, shownFile } from '../snapshot.ts'
import type { Check } from './check.ts'
import { authoritiesOf, isKubelets, observe, type Subject, shownKey, subjectsOf } from './subjects.ts'

/** Said of the file by checks of their own. */
const SAID_ELSEWHERE: ReadonlySet<string> = new Set(['PERMISSION_DENIED', 'EMPTY_FILE'])
/** A user's choice of how to sign in. */
const NO_CERTIFICATE_MEANT: ReadonlySet<string> = new Set(['TOKEN_USER', 'EXEC_USER'])

export const PAIR_CHECKS: readonly Check[] = [
  {
    code: 'CERTIFICATE_MISSING',
    group: 'pairs',
    severity: 'error',
    title: 'a file that belongs on this node is not there',
    needs: ['certificates'],
    remedy: 'put it back, or make it with init phase',
    find: evidence =>
      rowsOf(evidence)
        .filter(entry => entry.certificate.state === 'missing' && !isOptionalHere(evidence.snapshot, entry))
        .map(entry =>
          observe(evidence, placed(entry), {
            expected: entry.longName,
            found: 'no such file',
            remedy: remedyOfMissing(evidence, entry),
          }),
        ),
  },
  {
    code: 'CERTIFICATE_UNREADABLE',
    group: 'pairs',
    severity: 'error',
    title: 'a file holds no certificate that can be read',
    needs: ['certificates'],
    remedy: 'put a good one back, from a backup or by certs renew',
    find: evidence =>
      rowsOf(evidence).flatMap(entry => {
        const { certificate } = entry
        if (certificate.state !== 'invalid' || SAID_ELSEWHERE.has(certificate.reason)) return []
        const isMeant = NO_CERTIFICATE_MEANT.has(certificate.reason)
        return observe(evidence, placed(entry), {
          ...(isMeant && { severity: 'info' }),
          expected: entry.longName,
          found: describeUnusable(certificate),
          remedy: isMeant ? 'none: its end cannot be seen from here' : restoring(evidence, entry),
        })
      }),
  },
  {
    code: 'KEY_MISSING',
    group: 'pairs',
    severity: 'error',
    title: 'a certificate is there without its private key',
    needs: ['keys'],
    remedy: 'put the key back, or renew the certificate with a new one',
    find: evidence =>
      leafKeys(evidence).flatMap(({ subject, key, file }) =>
        key.state === 'missing' && !isReference(subject)
          ? observe(evidence, { ...subject, file }, { expected: `the key of ${subject.file}`, found: 'none' })
          : [],
      ),
  },
  {
    code: 'KEY_UNREADABLE',
    group: 'pairs',
    severity: 'error',
    title: 'a private key cannot be read, or is encrypted',
    needs: ['keys'],
    remedy: 'put a good key back, or renew the certificate',
    find: evidence =>
      [...leafKeys(evidence), ...authorityKeys(evidence)].flatMap(({ subject, key, file }) => {
        const isSaid = key.state === 'invalid' && SAID_ELSEWHERE.has(key.reason)
        if (key.state !== 'invalid' || isSaid || isReference(subject)) return []
        const isCa = subject.entry.kind === 'ca'
        return observe(
          evidence,
          { ...subject, file },
          {
            expected: `the key of ${subject.file}, readable by Kubernetes`,
            found: describeUnusable(key),
            ...(isCa && { impact: CANNOT_SIGN, remedy: `put ${file} back: ${OTHER_NODES}` }),
          },
        )
      }),
  },
  {
    code: 'KEY_MISMATCH',
    group: 'pairs',
    severity: 'error',
    title: 'a private key does not belong to its certificate',
    needs: ['keys'],
    remedy: 'certs rollback, or certs renew NAME',
    find: evidence =>
      leafKeys(evidence).flatMap(({ subject, key, file }) => {
        const { leaf, rest } = subject
        if (key.state !== 'present' || isKeyOf(key, leaf) || rest.some(one => isKeyOf(key, one))) return []
        return observe(
          evidence,
          { ...subject, file },
          {
            expected: `the key of ${subject.file}, ${shownKey(leaf)}`,
            found: 'the key of another certificate',
          },
        )
      }),
  },
  {
    code: 'LEAF_NOT_FIRST',
    group: 'pairs',
    severity: 'error',
    title: 'the certificate of the key is not the first in its file',
    needs: ['keys'],
    remedy: 'put the leaf first, then each issuer below the next',
    find: evidence =>
      leafKeys(evidence).flatMap(({ subject, key }) => {
        const { leaf, rest } = subject
        const position = key.state === 'present' ? rest.findIndex(one => isKeyOf(key, one)) : -1
        if (key.state !== 'present' || isKeyOf(key, leaf) || position < 0) return []
        return observe(evidence, subject, {
          expected: 'the certificate of the key first, then its issuers',
          found: `${leaf.subject} first, the key's certificate is number ${position + 2}`,
          remedy: `put the certificates of ${subject.file} in order: leaf first, then each issuer`,
        })
      }),
  },
  {
    code: 'CA_KEY_MISMATCH',
    group: 'pairs',
    severity: 'error',
    title: "a CA's key belongs to none of the CA's certificates",
    needs: ['keys'],
    remedy: 'put the key back that belongs to it',
    find: evidence =>
      authorityKeys(evidence).flatMap(({ subject, key, file }) => {
        const all = [subject.leaf, ...subject.rest]
        if (key.state !== 'present' || all.some(one => isKeyOf(key, one))) return []
        return observe(
          evidence,
          { ...subject, file },
          {
            expected: `the key of ${subject.file}: ${all.map(shownKey).join(', ')}`,
            found: 'the key of another CA',
            impact: CANNOT_SIGN,
            remedy: `put the key back that belongs to ${subject.file}: ${OTHER_NODES}`,
          },
        )
      }),
  },
  {
    code: 'CA_KEY_ELSEWHERE',
    group: 'pairs',
    severity: 'info',
    title: "a CA's key is not on this node",
    needs: ['keys'],
    remedy: 'none needed: certs renew makes requests instead',
    find: evidence =>
      authoritiesOf(evidence)
        .filter(({ entry }) => isExternallyManaged(entry) && evidence.snapshot.role !== 'worker')
        .map(subject =>
          observe(
            evidence,
            { ...subject, file: subject.entry.key?.path ?? subject.file },
            {
              expected: `the key of ${subject.file}, or a CA elsewhere that signs`,
              found: 'no such file',
              impact: 'certificates of this CA are requested, not renewed',
              remedy: `kubepki certs renew all --csr-only${evidence.snapshot.commandFlags}, when they are due`,
            },
          ),
        ),
  },
]

const CANNOT_SIGN = 'this CA signs nothing here: neither kubeadm nor the controller manager can'

/** Rows and copies; what the kubelet may or may not have is its own. */
function rowsOf({ snapshot, copies }: Evidence): readonly Entry[] {
  return [...snapshot.entries.filter(entry => !isKubelets(entry) || isUnreadable(entry)), ...copies]
}

function isUnreadable({ certificate }: Entry): boolean {
  return certificate.state === 'invalid'
}

function placed(entry: Entry): Pick<Subject, 'entry' | 'name' | 'file'> {
  return { entry, name: entry.name, file: shownFile(entry) }
}

function remedyOfMissing({ snapshot, copies }: Evidence, entry: Entry): string {
  const { kind, name, file } = entry
  const flags = snapshot.commandFlags
  if (copies.includes(entry)) return `name one that is there with --kubeconfig`
  if (kind === 'ca') return `put ${file.path} back: ${OTHER_NODES}`
  return kind === 'kubeconfig'
    ? `kubepki init phase kubeconfig ${name.replace('.conf', '')}${flags}`
    : `kubepki init phase certs ${name}${flags}`
}

function restoring({ snapshot, copies }: Evidence, entry: Entry): string {
  const { kind, file } = entry
  if (copies.includes(entry)) return `replace ${file.path} by a kubeconfig that works`
  if (kind === 'ca') return `put ${file.path} back: ${OTHER_NODES}`
  const backups = `kubepki certs history${snapshot.commandFlags}`
  return `put a good one back (${backups}), or move it away: mv ${shellWord(file.path)} ${shellWord(`${file.path}.broken`)}, then ${remedyOfMissing({ snapshot, copies } as Evidence, entry)}`
}

interface KeyOfSubject {
  readonly subject: Subject
  readonly key: Found<PrivateKey>
  readonly file: string
}

function keysOf(evidence: Evidence, subjects: readonly Subject[]): readonly KeyOfSubject[] {
  return subjects.flatMap(subject => {
    const key = evidence.keys.get(subject.name)
    const file = subject.entry.key?.path ?? subject.entry.file.path
    return key ? [{ subject, key, file }] : []
  })
}

function leafKeys(evidence: Evidence): readonly KeyOfSubject[] {
  return keysOf(
    evidence,
    subjectsOf(evidence).filter(({ entry }) => entry.kind !== 'ca'),
  )
}

function authorityKeys(evidence: Evidence): readonly KeyOfSubject[] {
  return keysOf(evidence, authoritiesOf(evidence))
}

/** A file that a kubeconfig names, or the kubelet's own: whether it is there, others say. */
function isReference({ entry }: Subject): boolean {
  return entry.kind === 'kubelet' || entry.kubeconfig?.config.clientKey?.at === 'file'
}
