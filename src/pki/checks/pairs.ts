/** Certificates and keys that are there, belong together, and were signed by the CA that their row names: proved, not by name. */
import { describeUnusable, type Reason } from '../../errors.ts'
import { named } from '../../foreign-text.ts'
import { isForPeople } from '../../inventory/names.ts'
import { isKeyOf, type PrivateKey, publicKeySha256OfKey } from '../../x509/key.ts'
import type { Evidence } from '../evidence.ts'
import { isExternallyManaged } from '../external-ca.ts'
import { type Entry, type Found, isOptionalHere, shownFile } from '../snapshot.ts'
import type { Check } from './check.ts'
import { makingOf, putBack } from './repairs.ts'
import {
  authoritiesOf,
  eachLeafOf,
  isKubelets,
  observe,
  type Subject,
  shownKey,
  subjectsOf,
} from './subjects.ts'

/** Said of the file by checks of their own. */
const SAID_ELSEWHERE: ReadonlySet<string> = new Set(['PERMISSION_DENIED', 'EMPTY_FILE'])
/** Its links have checks of their own, and so has what kubelet.conf refers to. */
const SAID_OF_KUBELETS: ReadonlySet<string> = new Set(['DANGLING_LINK', 'REFERENCE_MISSING'])
/** A user's choice of how to sign in. */
const NO_CERTIFICATE_MEANT: ReadonlySet<string> = new Set(['TOKEN_USER', 'EXEC_USER'])

export const PAIR_CHECKS: readonly Check[] = [
  {
    code: 'CERTIFICATE_MISSING',
    group: 'pairs',
    severity: 'error',
    title: 'a file that belongs on this node, or that was named, is not there',
    needs: ['certificates'],
    remedy: 'put it back, or make it with init phase',
    find: evidence =>
      rowsOf(evidence)
        .filter(entry => entry.certificate.state === 'missing' && !isOptionalHere(evidence.snapshot, entry))
        .map(entry =>
          observe(evidence, placed(entry), {
            ...(isForPeople(entry.name) && { severity: 'warning' }),
            expected: entry.longName,
            found: 'no such file',
            remedy: evidence.copies.includes(entry)
              ? 'name a file that is there with --kubeconfig'
              : makingOf(evidence, entry),
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
        if (certificate.state !== 'invalid' || isSaidElsewhere(entry, certificate.reason)) return []
        const isMeant = NO_CERTIFICATE_MEANT.has(certificate.reason)
        return observe(evidence, placed(entry), {
          ...(entry.kind === 'kubelet' && { severity: 'warning' }),
          ...(isMeant && { severity: 'info', impact: 'none: its end cannot be seen from here' }),
          expected: entry.longName,
          found: named(describeUnusable(certificate)),
          remedy: isMeant ? 'none needed' : makingOf(evidence, entry),
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
            found: named(describeUnusable(key)),
            ...(isCa && { impact: CANNOT_SIGN, remedy: putBack(file) }),
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
        const { leaf } = subject
        if (key.state !== 'present' || isKeyOf(key, leaf)) return []
        return observe(
          evidence,
          { ...subject, file },
          {
            expected: `the key of ${subject.file}, ${shownKey(leaf)}`,
            found: `another one: key ${publicKeySha256OfKey(key).slice(0, 12)}${ownerOf(evidence, key)}`,
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
      leafKeys(evidence).flatMap(({ subject }) => {
        const { leaf, rest, entry } = subject
        const all = entry.certificate.state === 'present' ? entry.certificate.certificates : [leaf]
        if (all[0] === leaf) return []
        return observe(evidence, subject, {
          expected: `${shownKey(leaf)} first: the certificate of the key; then its issuers`,
          found: `${shownKey(all[0])} first, the key's certificate is number ${all.indexOf(leaf) + 1} of ${rest.length + 1}`,
          remedy: `put the certificates of ${subject.file} in order: leaf first, then each issuer below what it signed`,
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
            found: `another one: key ${publicKeySha256OfKey(key).slice(0, 12)}${ownerOf(evidence, key)}`,
            impact: CANNOT_SIGN,
            remedy: putBack(file),
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
              remedy: `kubepki certs renew all --within 30d --csr-only${evidence.snapshot.commandFlags} # and have the requests signed`,
            },
          ),
        ),
  },
]

const CANNOT_SIGN = 'this CA signs nothing here: neither kubeadm nor the controller manager can'

/** Rows and copies; what the kubelet may or may not have is its own. */
function rowsOf({ snapshot, copies }: Evidence): readonly Entry[] {
  return [
    ...snapshot.entries.filter(entry => !isKubelets(entry) || entry.certificate.state === 'invalid'),
    ...copies,
  ]
}

function isSaidElsewhere(entry: Entry, reason: Reason): boolean {
  return SAID_ELSEWHERE.has(reason) || (isKubelets(entry) && SAID_OF_KUBELETS.has(reason))
}

function placed(entry: Entry): Pick<Subject, 'entry' | 'name' | 'file'> {
  return { entry, name: entry.name, file: shownFile(entry) }
}

/** Whose key it is, where the node has its certificate. */
function ownerOf(evidence: Evidence, key: PrivateKey): string {
  const owner = subjectsOf(evidence).find(({ leaf, rest }) => [leaf, ...rest].some(one => isKeyOf(key, one)))
  return owner ? `, that of ${owner.name}` : ''
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
  return keysOf(evidence, eachLeafOf(evidence))
}

function authorityKeys(evidence: Evidence): readonly KeyOfSubject[] {
  return keysOf(evidence, authoritiesOf(evidence))
}

/** A file that a kubeconfig names, or the kubelet's own: whether it is there, others say. */
function isReference({ entry }: Subject): boolean {
  return entry.kind === 'kubelet' || entry.kubeconfig?.config.clientKey?.at === 'file'
}
