/** Who can read a key, and who can put another file in the place of one: the directories above count too. */
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { Attributes, DirectoryStatus, FileStatus } from '../file-evidence.ts'
import { entryNamed } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'

export const FILE_MODE_CHECKS: readonly Check[] = [
  {
    code: 'KEY_READABLE_BY_OTHERS',
    group: 'files',
    severity: 'error',
    title: 'everybody on the machine can read a private key or a kubeconfig with one',
    needs: ['modes'],
    remedy: 'chmod 600',
    find: evidence =>
      secretsOf(evidence)
        .filter(isOpenToOthers)
        .map(seen => openToOthers(evidence, seen)),
  },
  {
    code: 'KEY_READABLE_BY_GROUP',
    group: 'files',
    severity: 'warning',
    title: 'a group can read a private key or a kubeconfig with one',
    needs: ['modes'],
    remedy: 'chmod 600, unless the group is meant to',
    find: evidence =>
      secretsOf(evidence)
        .filter(one => !isOpenToOthers(one) && (one.mode & GROUP_READS) !== 0)
        .map(seen => openToGroup(evidence, seen)),
  },
  {
    code: 'WRITABLE_BY_OTHERS',
    group: 'files',
    severity: 'error',
    title: 'everybody on the machine can replace a certificate, a key or a kubeconfig',
    needs: ['modes'],
    remedy: 'chmod o-w',
    find: evidence => [...writableFiles(evidence), ...writableDirectories(evidence)],
  },
  {
    code: 'OWNER_UNUSUAL',
    group: 'files',
    severity: 'warning',
    title: 'a private key belongs to a user that the other files do not belong to',
    needs: ['modes'],
    remedy: 'chown root',
    find: unusualOwners,
  },
  {
    code: 'KEY_HARD_LINKED',
    group: 'files',
    severity: 'info',
    title: 'a private key has a second name somewhere',
    needs: ['modes'],
    remedy: 'find and remove the other name',
    find: evidence =>
      secretsOf(evidence)
        .filter(({ links }) => links > 1)
        .map(hardLinked),
  },
  {
    code: 'BACKUPS_OPEN',
    group: 'files',
    severity: 'error',
    title: "others than the owner can look into kubepki's backups, which hold private keys",
    needs: ['modes'],
    remedy: 'chmod 700',
    find: ({ files: { backups } }) =>
      backups === undefined || (backups.mode & 0o077) === 0 ? [] : [openBackups(backups)],
  },
]

const OTHERS_READ = 0o004
const OTHERS_WRITE = 0o002
const OTHERS_PASS = 0o001
const GROUP_READS = 0o040
const GROUP_PASSES = 0o010
const STICKY = 0o1000

type Seen = Omit<FileStatus, 'status'> & Extract<FileStatus['status'], { state: 'present' }>

function seenOf({ files }: Evidence): readonly Seen[] {
  return files.statuses.flatMap(({ status, ...file }) =>
    status.state === 'present' ? { ...file, ...status } : [],
  )
}

function secretsOf(evidence: Evidence): readonly Seen[] {
  return seenOf(evidence).filter(({ isSecret }) => isSecret)
}

const isOpenToOthers = ({ mode }: Attributes) => (mode & OTHERS_READ) !== 0

/** The directory above that keeps others, or a group, away. */
function guardOf({ parents }: Pick<Seen, 'parents'>, bit: number): DirectoryStatus | undefined {
  return parents.find(({ mode }) => (mode & bit) === 0)
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0')

function placed({ name, file }: Pick<Seen, 'name' | 'file'>): Pick<Observation, 'certificate' | 'file'> {
  return { certificate: name, file: file.path }
}

/** What whoever has the key can do. */
function powerOf({ snapshot }: Evidence, { name, use }: Seen): string {
  if (use === 'kubeconfig') return 'act as the user in it'
  if (name === 'sa') return 'forge the token of any service account'
  return entryNamed(snapshot, name)?.kind === 'ca'
    ? 'make certificates for any user and component'
    : `pass for ${name}`
}

function tighten({ file }: Pick<Seen, 'file'>): string {
  return `chmod 600 ${shellWord(file.realPath ?? file.path)}`
}

/** Behind a directory that keeps others away it does no harm yet. */
function behind(
  guard: DirectoryStatus | undefined,
  { found, impact }: Pick<Observation, 'found' | 'impact'>,
): Pick<Observation, 'severity' | 'found' | 'impact'> {
  if (!guard) return { found, impact }
  return {
    severity: 'info',
    found: `${found}, behind ${guard.path} with ${octal(guard.mode)}`,
    impact: 'none while that directory stays shut',
  }
}

function openToOthers(evidence: Evidence, seen: Seen): Observation {
  const found = `mode ${octal(seen.mode)}`
  const impact = `every user and every process on this machine can ${powerOf(evidence, seen)}`
  return {
    ...placed(seen),
    expected: 'mode 0600',
    ...behind(guardOf(seen, OTHERS_PASS), { found, impact }),
    remedy: tighten(seen),
  }
}

/** The name of a group is not read: in a tree from elsewhere it would be another's. */
function openToGroup(evidence: Evidence, seen: Seen): Observation {
  const { parents, gid, mode } = seen
  const guard = parents.find(one => (one.mode & (one.gid === gid ? GROUP_PASSES : OTHERS_PASS)) === 0)
  const found = `mode ${octal(mode)}, group ${gid}${gid === 0 ? ' (root)' : ''}`
  const impact = `whoever is in group ${gid} can ${powerOf(evidence, seen)}`
  return {
    ...placed(seen),
    expected: 'mode 0600',
    ...behind(guard, { found, impact }),
    remedy: `${tighten(seen)} # unless the group is meant to read it`,
  }
}

function writableFiles(evidence: Evidence): readonly Observation[] {
  return seenOf(evidence)
    .filter(({ mode }) => (mode & OTHERS_WRITE) !== 0)
    .map(seen => ({
      ...placed(seen),
      expected: `mode ${seen.isSecret ? '0600' : '0644'}`,
      ...behind(guardOf(seen, OTHERS_PASS), {
        found: `mode ${octal(seen.mode)}`,
        impact: 'anyone on this machine can put another one there',
      }),
      remedy: `chmod ${seen.isSecret ? '600' : '644'} ${shellWord(seen.file.realPath ?? seen.file.path)}`,
    }))
}

/** One finding for each; with the sticky bit nobody can replace what is another's. */
function writableDirectories(evidence: Evidence): readonly Observation[] {
  const found = new Map<string, Observation>()
  for (const seen of seenOf(evidence)) {
    for (const [index, directory] of seen.parents.entries()) {
      const above = { parents: seen.parents.slice(index + 1) }
      const isOpen = (directory.mode & OTHERS_WRITE) !== 0 && (directory.mode & STICKY) === 0
      if (!isOpen || found.has(directory.path)) continue
      found.set(directory.path, writableDirectory(seen, directory, guardOf(above, OTHERS_PASS)))
    }
  }
  return [...found.values()]
}

function writableDirectory(
  { name }: Seen,
  { path, mode }: DirectoryStatus,
  guard: DirectoryStatus | undefined,
): Observation {
  return {
    ...{ certificate: name, file: path, expected: 'mode 0755' },
    ...behind(guard, {
      found: `mode ${octal(mode)}`,
      impact: 'anyone on this machine can replace the files in it, a CA too',
    }),
    remedy: `chmod o-w ${shellWord(path)}`,
  }
}

/** From here on users are people (UID_MIN of login.defs); below are services, as etcd is. */
const FIRST_PERSON = 1000

/** By the other files, not by root: a copy of a tree may be its copier's. */
function unusualOwners(evidence: Evidence): readonly Observation[] {
  const own = seenOf(evidence).filter(({ isCopy }) => !isCopy)
  const usual = mostFrequent(own.map(({ uid }) => uid))
  return own
    .filter(({ isSecret, uid }) => isSecret && uid !== 0 && uid !== usual)
    .map(seen => ({
      ...(seen.uid < FIRST_PERSON && { severity: 'info' as const }),
      ...placed(seen),
      expected: usual === 0 ? 'owner root' : `owner ${usual}, as of most of the files, or root`,
      found: `owner ${seen.uid}`,
      impact: seen.uid < FIRST_PERSON ? `that service can read it` : `that user can read and replace it`,
      remedy: `chown ${usual} ${shellWord(seen.file.realPath ?? seen.file.path)} # unless what reads it runs as ${seen.uid}`,
    }))
}

function mostFrequent(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0]
}

function hardLinked(seen: Seen): Observation {
  const path = shellWord(seen.file.realPath ?? seen.file.path)
  return {
    ...placed(seen),
    expected: 'one name',
    found: `${seen.links} names`,
    impact: 'a renewal gives this name a new file, and the old key stays under the other',
    remedy: `find / -xdev -samefile ${path}`,
  }
}

function openBackups({ path, mode }: DirectoryStatus): Observation {
  return {
    ...{ certificate: 'backups', file: path, expected: 'mode 0700', found: `mode ${octal(mode)}` },
    impact: 'the keys of every certificate that was renewed lie in it',
    remedy: `chmod 700 ${shellWord(path)}`,
  }
}
