/** Whether the static pods find the files that their flags name, and whether each component is there once. */
import { describeUnusable } from '../../errors.ts'
import { CERTIFICATES, type CertificateSpec } from '../../inventory/catalog.ts'
import { isComponent } from '../../kubernetes/static-pod.ts'
import type { Certificate } from '../../x509/certificate.ts'
import type { Evidence, FlagFile } from '../evidence.ts'
import { isManagedElsewhere } from '../external-ca.ts'
import { instant } from '../instant.ts'
import { type Entry, entryNamed, type PlacedFile } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { certificatesOf } from './subjects.ts'

const SPECS: readonly CertificateSpec[] = CERTIFICATES

/** The row that keeps this file, as certificate or key. */
export function rowOf({ snapshot }: Evidence, file: PlacedFile): Entry | undefined {
  const isIt = (one: PlacedFile | undefined) =>
    one !== undefined && (one.realPath ?? one.path) === (file.realPath ?? file.path)
  return snapshot.entries.find(entry => isIt(entry.file) || isIt(entry.key))
}

export const flagText = ({ pod, flag }: FlagFile) => `--${flag} of ${pod.source}`

/** One finding for each file, whatever flags name it. */
function byFile(files: readonly FlagFile[]): readonly (readonly [FlagFile, ...FlagFile[]])[] {
  const groups = new Map<string, [FlagFile, ...FlagFile[]]>()
  for (const one of files) {
    const group = groups.get(one.file.path)
    if (group) group.push(one)
    else groups.set(one.file.path, [one])
  }
  return [...groups.values()]
}

function observed(
  evidence: Evidence,
  [first, ...rest]: readonly [FlagFile, ...FlagFile[]],
  said: Pick<Observation, 'found' | 'remedy'> & Partial<Observation>,
): Observation {
  const components = [...new Set([first, ...rest].map(({ pod }) => pod.value.component))].join(', ')
  return {
    certificate: rowOf(evidence, first.file)?.name ?? first.pod.value.component,
    file: first.file.path,
    expected: `a file, for ${[first, ...rest].map(flagText).join(', ')}`,
    impact: `${components}: does not start again`,
    ...said,
  }
}

/** Of an external CA there is no key, and the flags for it are left over. */
function isOfExternalCa({ snapshot }: Evidence, { flag, file }: FlagFile): boolean {
  const authority = entryNamed(snapshot, 'ca')
  const isKey = /^cluster-signing-.*key-file$/.test(flag)
  return isKey && authority?.key?.path === file.path && isManagedElsewhere(snapshot, authority)
}

/** That a file of the inventory is missing, its row says. */
export function isOfRow({ snapshot, ...evidence }: Evidence, { file }: FlagFile): boolean {
  const isServiceAccounts = snapshot.serviceAccount.some(({ path }) => path === file.path)
  return isServiceAccounts || rowOf({ snapshot, ...evidence }, file) !== undefined
}

/** It is there, or nobody may say. */
function isMissing({ place, contents }: FlagFile): boolean {
  const isGone =
    contents.state === 'missing' || (contents.state === 'invalid' && contents.reason === 'DANGLING_LINK')
  return place === 'host' && isGone
}

const UNKNOWN_REASONS: ReadonlySet<string> = new Set(['PERMISSION_DENIED', 'OUTSIDE_ROOT', 'DANGLING_LINK'])

/** A row's own file has checks of its own. */
function whyUnreadable(evidence: Evidence, one: FlagFile): string | undefined {
  const { contents, file, place } = one
  if (contents.state !== 'invalid' || place !== 'host' || UNKNOWN_REASONS.has(contents.reason))
    return undefined
  return rowOf(evidence, file) ? undefined : describeUnusable(contents)
}
/** A directory or a configuration was named, and the process has something else. */
function differences({ snapshot, flagFiles }: Evidence): readonly Observation[] {
  return SPECS.flatMap(({ name, flags }) => {
    const entry = entryNamed(snapshot, name)
    const named = flags.flatMap(({ component, certificate }) =>
      flagFiles.filter(({ pod, flag }) => pod.value.component === component && flag === certificate),
    )[0]
    const used = named?.contents.state === 'present' ? named.contents.certificates : undefined
    const own = certificatesOf({ snapshot }, name)
    if (!entry || !named || !used || own.length === 0 || isSameList(used, own)) return []
    if (entry.file.source.startsWith(named.pod.source)) return []
    return {
      certificate: name,
      file: entry.file.path,
      expected: `what ${flagText(named)} names: ${named.file.path}, ${described(used)}`,
      found: `${described(own)}, by ${entry.file.source}`,
      impact: 'what is said of it here is not what the process has',
      remedy: `kubepki certs verify without --cert-dir and --config, or have ${named.pod.file.path} name this one`,
    }
  })
}

function isSameList(some: readonly Certificate[], others: readonly Certificate[]): boolean {
  const text = (list: readonly Certificate[]) =>
    list
      .map(one => one.fingerprintSha256)
      .toSorted()
      .join()
  return text(some) === text(others)
}

function described([first]: readonly Certificate[]): string {
  return first ? `${first.subject} until ${instant(first.notAfter)}` : 'nothing'
}

const GROUP = { group: 'manifests', needs: ['manifests'] } as const

export const MANIFEST_FILE_CHECKS: readonly Check[] = [
  {
    code: 'FLAG_FILE_MISSING',
    ...GROUP,
    severity: 'error',
    title: 'a flag of a static pod names a file that is not there',
    remedy: 'put the file back, or have the flag name the right one',
    find: evidence =>
      byFile(evidence.flagFiles.filter(one => isMissing(one) && !isOfRow(evidence, one))).map(group => {
        const { contents, file } = group[0]
        const found = contents.state === 'invalid' ? describeUnusable(contents) : 'nothing'
        const flags = group.map(flagText).join(', ')
        return observed(evidence, group, {
          found,
          remedy: `put ${file.path} back, or have ${flags} name the right file`,
        })
      }),
  },
  {
    code: 'FLAG_FILE_UNREADABLE',
    ...GROUP,
    severity: 'error',
    title: 'a flag of a static pod names a file that is nothing Kubernetes can read',
    remedy: 'put a good file back, or have the flag name the right one',
    find: evidence =>
      byFile(evidence.flagFiles.filter(one => whyUnreadable(evidence, one))).map(group => {
        const found = whyUnreadable(evidence, group[0]) ?? ''
        return observed(evidence, group, { found, remedy: `put a good ${group[0].file.path} back` })
      }),
  },
  {
    code: 'SIGNING_KEY_MISSING',
    ...GROUP,
    severity: 'error',
    title: 'the controller manager is told to sign with a CA whose key is elsewhere',
    remedy: 'empty --cluster-signing-cert-file and --cluster-signing-key-file, as kubeadm has them then',
    find: evidence =>
      byFile(evidence.flagFiles.filter(one => isMissing(one) && isOfExternalCa(evidence, one))).map(group => {
        const [{ pod }] = group
        return observed(evidence, group, {
          expected:
            '--cluster-signing-cert-file= and --cluster-signing-key-file= without a file: the CA is elsewhere',
          found: group.map(flagText).join(', '),
          impact: 'the controller manager that runs now does not start again with these flags',
          remedy: `leave both flags empty in ${pod.file.path}`,
        })
      }),
  },
  {
    code: 'MOUNT_MISSING',
    ...GROUP,
    severity: 'error',
    title: 'a flag of a static pod names a path that is not mounted into it',
    remedy: 'mount the directory in the manifest',
    find: evidence =>
      byFile(evidence.flagFiles.filter(({ place }) => place === 'nowhere')).map(group => {
        const [{ pod, value }] = group
        const mounts = pod.value.mounts.map(({ mountPath }) => mountPath).join(', ')
        const directory = value.slice(0, value.lastIndexOf('/')) || '/'
        return observed(evidence, group, {
          expected: `a mount that holds ${value}, for ${group.map(flagText).join(', ')}`,
          found: mounts || 'no directory of the host',
          remedy: `mount ${directory} in ${pod.file.path}: a hostPath volume, and a volumeMount of it`,
        })
      }),
  },
  {
    code: 'FLAG_FILE_DIFFERENT',
    ...GROUP,
    severity: 'warning',
    title: 'a process has another certificate than the one that was looked at here',
    needs: ['certificates', 'manifests'],
    remedy: 'certs verify without --cert-dir and --config',
    find: differences,
  },
  {
    code: 'MANIFEST_UNREADABLE',
    ...GROUP,
    severity: 'error',
    title: 'a manifest of a static pod cannot be read',
    remedy: 'put the manifest right: the kubelet reads it again by itself',
    find: ({ unreadableManifests }) =>
      unreadableManifests
        .filter(({ reason }) => reason === undefined || !UNKNOWN_REASONS.has(reason))
        .map(({ file, reason, why }) => {
          const name = file.path.slice(file.path.lastIndexOf('/') + 1).replace(/\.\w+$/, '')
          const isKnown = reason !== undefined
          const severity = isKnown ? (isComponent(name) ? 'error' : 'warning') : 'info'
          return {
            ...{ severity, certificate: name, file: file.path },
            ...{ expected: 'the manifest of a pod', found: why },
            impact: isKnown
              ? 'the kubelet cannot run it'
              : 'its flags are not known here, nor what they name',
            remedy: `put ${file.path} right; what the kubelet makes of it: journalctl -u kubelet`,
          }
        }),
  },
]
