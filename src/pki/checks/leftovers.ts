/** What lies beside live files: nothing of it is used, and some of it does harm all the same. */
import { named, pathText } from '../../foreign-text.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { LiveDirectory, ManifestFile, OtherFile } from '../file-evidence.ts'
import type { Check, Observation } from './check.ts'

export const LEFTOVER_CHECKS: readonly Check[] = [
  {
    code: 'STALE_BACKUP',
    group: 'files',
    severity: 'warning',
    title: 'backups made by hand lie beside live files',
    needs: ['modes'],
    remedy: 'move them away, where only root can read them',
    find: ({ files }) => files.directories.flatMap(staleBackups),
  },
  {
    code: 'STRAY_KEY',
    group: 'files',
    severity: 'info',
    title: 'a private key of nothing that is known here lies beside live files',
    needs: ['modes'],
    remedy: 'move it away',
    find: ({ files }) => files.directories.flatMap(strayKeys),
  },
  {
    code: 'STRAY_MANIFEST',
    group: 'files',
    severity: 'warning',
    title: 'the kubelet runs a file in the manifest directory that is no manifest in use',
    needs: ['manifests'],
    remedy: 'move it out of the directory',
    find: ({ files }) => strayManifests(files.manifests),
  },
]

/** Mostly the cause of all else that is found. */
export const JOB_CHECKS: readonly Check[] = [
  {
    code: 'UNFINISHED_JOB',
    group: 'files',
    severity: 'error',
    title: 'a job of kubepki stopped half-way',
    needs: ['jobs'],
    remedy: 'certs recover',
    find: unfinishedJobs,
  },
]

const WORD = /(^|[._-])(bak|backups?|old|orig|saved?|prev|copy)(?=$|[._-]|\d)/i
const MARKED = /~$|\.(crt|key|pem|pub|conf)[._-]?\d{4}|\.rpm(save|new)$|\.dpkg-\w+$/

function isBackup({ name }: OtherFile): boolean {
  return WORD.test(name) || MARKED.test(name)
}

const MOST_NAMED = 5

/** For a command, which stays on one line: a name that would break it is left to the reader. */
function words(paths: readonly string[]): string {
  const plain = paths.filter(path => !/\p{Cc}/u.test(path))
  return plain.length === 0 ? '...' : plain.map(shellWord).join(' ')
}

function staleBackups({ path, others }: LiveDirectory): readonly Observation[] {
  const backups = others.filter(isBackup)
  if (backups.length === 0) return []
  const open = backups.flatMap(({ openKeys }) => openKeys)
  const names = backups.slice(0, MOST_NAMED).map(({ name }) => pathText(name))
  const rest = backups.length - names.length
  const listed = `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  const moved = words(backups.map(({ name }) => `${path}/${name}`))
  return [
    {
      severity: open.length > 0 ? 'warning' : 'info',
      ...{ certificate: 'backups', file: path, expected: 'files in use only' },
      found:
        open.length > 0
          ? `${listed}; everybody can read a private key in ${pathText(open[0] ?? '')}`
          : listed,
      impact:
        open.length > 0
          ? 'a key that was in use once, perhaps still is, is readable by every user of this machine'
          : 'none; they are not in use, and their dates do not matter',
      remedy:
        open.length > 0
          ? `chmod 600 ${words(open)}`
          : `move them away: mkdir -p -m 700 /root/pki-old && mv ${moved} /root/pki-old/`,
    },
  ]
}

/** One beside its request belongs to that. */
function strayKeys({ path, others }: LiveDirectory): readonly Observation[] {
  const names = new Set(others.map(({ name }) => name))
  return others
    .filter(one => !one.isDirectory && one.name.endsWith('.key') && !isBackup(one))
    .filter(({ name }) => !names.has(name.replace(/\.key$/, '.csr')))
    .map(({ name, openKeys }) => ({
      ...(openKeys.length > 0 && { severity: 'warning' as const }),
      ...{
        certificate: pathText(name),
        file: pathText(`${path}/${name}`),
        expected: 'keys of the inventory only',
      },
      found: openKeys.length > 0 ? 'a private key that everybody can read' : 'a key that nothing here names',
      impact: 'nothing that is known here uses it, and no command renews what it belongs to',
      remedy: `chmod 600 ${words([`${path}/${name}`])}, or move it away if nobody needs it`,
    }))
}

const EXTENSION = /\.(ya?ml|json)$/

/** The kubelet takes every file that is not hidden, whatever its name; of two for one pod the last by name may win. */
function strayManifests(manifests: readonly ManifestFile[]): readonly Observation[] {
  return manifests.flatMap(({ path, name, podName }) => {
    const twin = manifests.find(one => one.name !== name && one.podName === podName)
    const isProper = EXTENSION.test(name)
    const isCopy =
      twin !== undefined && (!isProper || (EXTENSION.test(twin.name) && isLonger(name, twin.name)))
    if (isProper && !isCopy) return []
    return {
      ...{ certificate: named(podName.replace(/^.*\//, '')), file: pathText(path) },
      expected: 'one manifest for each static pod, and nothing else',
      found: twin
        ? `a second manifest of ${named(podName)}, beside ${pathText(twin.name)}`
        : `a manifest of ${named(podName)}`,
      impact: twin
        ? 'the kubelet reads it too, and may run it in place of the other; a restart by moving the manifest does nothing'
        : 'the kubelet runs it, whatever its name ends with',
      remedy: `mkdir -p -m 700 /root/manifests-old && mv ${words([path])} /root/manifests-old/`,
    }
  })
}

/** The copy has more in its name; of two as long the later one is it. */
function isLonger(one: string, other: string): boolean {
  return one.length > other.length || (one.length === other.length && one > other)
}

const RUNNING = 'kubepki is changing files right now'
const ADVICE = /: the next kubepki command that changes files .*$/

function unfinishedJobs({ unfinished, snapshot, files }: Evidence): readonly Observation[] {
  return unfinished.map(sentence => {
    const isRunning = sentence.startsWith(RUNNING)
    return {
      ...(isRunning && { severity: 'info' as const }),
      ...{ certificate: 'backups', file: files.backups?.path ?? 'kubepki-backups' },
      ...{ expected: 'no job under way', found: sentence.replace(ADVICE, '') },
      impact: isRunning
        ? 'what is found here may be of the old state or of the new'
        : 'some files may be new and others old; a manifest may be away',
      remedy: isRunning
        ? `wait until it is done, then: kubepki certs verify${snapshot.commandFlags}`
        : `kubepki certs recover${snapshot.commandFlags}`,
    }
  })
}
