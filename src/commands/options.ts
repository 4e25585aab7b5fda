/** Options that commands share, and the types of their values. */
import { resolve } from 'node:path'
import { EXIT, type ExitCode, PkiError } from '../errors.ts'
import { LONGEST_TIMER, parseDuration } from '../kubernetes/duration.ts'
import { commandFlags } from '../pki/command-flags.ts'
import type { RestartOutcome } from '../pki/restart.ts'
import type { SourceFact } from '../pki/sources.ts'
import { printable } from '../report/printable.ts'
import { restartHints } from '../report/restart.ts'
import type { ReadOptions } from '../store/read.ts'
import type { Host, OptionTable } from './command.ts'

export function pathOption(flag: string) {
  return (value: unknown): string => {
    const path = String(value)
    if (path === '') throw new PkiError('USAGE', `--${flag} wants a path, found nothing`)
    return path
  }
}

export const fileOption = (flag: string, describe: string) =>
  ({ type: 'string', coerce: pathOption(flag), completes: 'file', describe }) as const

/** `least`: the shortest that makes sense, in milliseconds. */
const MINUTE = 60_000

export function durationOption(flag: string, least = 1) {
  return (value: unknown): number => {
    const text = String(value)
    const duration = parseDuration(text)
    if (duration !== undefined && duration >= least) return duration
    if (duration !== undefined && least >= MINUTE)
      throw new PkiError('USAGE', `--${flag} wants at least ${least / MINUTE}m, found "${text}"`)
    throw new PkiError('USAGE', `--${flag} wants a duration, found "${text}"`, {
      hint: 'such as 90s, 720h, 30d, 1y or 1h30m',
    })
  }
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

function instantOption(value: unknown): Date {
  const text = String(value)
  const instant = new Date(text)
  const isTime = RFC3339.test(text) && !Number.isNaN(instant.getTime()) && isOnCalendar(text)
  if (isTime && instant >= EARLIEST && instant <= LATEST) return instant
  throw new PkiError('USAGE', `--now wants an RFC 3339 time, found "${text}"`, {
    hint: 'such as 2026-12-01T00:00:00Z',
  })
}

/** What certificates made then can have in them. */
const EARLIEST = new Date('1970-01-01T00:00:00Z')
const LATEST = new Date('9998-12-31T00:00:00Z')

/** JavaScript takes 30 February for 2 March. */
function isOnCalendar(text: string): boolean {
  const day = text.slice(0, 10)
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

export const NODE_OPTIONS = {
  root: {
    type: 'string',
    default: '/',
    coerce: pathOption('root'),
    completes: 'directory',
    describe: "Prefix that holds the node's tree: a mounted disk, a host path, a copy",
  },
  'cert-dir': {
    type: 'string',
    coerce: pathOption('cert-dir'),
    completes: 'directory',
    describe:
      'PKI directory, not below --root (default: as --config or the manifests say, else /etc/kubernetes/pki)',
  },
  'kubeconfig-dir': {
    type: 'string',
    coerce: pathOption('kubeconfig-dir'),
    completes: 'directory',
    describe: 'Where the kubeconfigs are, not below --root (default: /etc/kubernetes)',
  },
  'kubelet-dir': {
    type: 'string',
    coerce: pathOption('kubelet-dir'),
    completes: 'directory',
    describe: "The kubelet's own certificates, not below --root (default: /var/lib/kubelet/pki)",
  },
  config: {
    type: 'string',
    coerce: pathOption('config'),
    completes: 'file',
    describe: 'kubeadm configuration file; - is the standard input',
  },
  now: { type: 'string', coerce: instantOption, describe: 'RFC 3339 time to use instead of the clock' },
  verbose: { alias: 'v', type: 'boolean', default: false, describe: 'Say which source each fact came from' },
} as const satisfies OptionTable

function countOption(flag: string) {
  return (value: unknown): number => {
    const count = Number(value)
    if (Number.isInteger(count) && count >= 1) return count
    throw new PkiError('USAGE', `--${flag} wants a number from 1, found "${value}"`)
  }
}

export const OUTPUT_OPTION = {
  alias: 'o',
  choices: ['text', 'json', 'yaml'] as ('text' | 'json' | 'yaml')[],
  default: 'text' as 'text' | 'json' | 'yaml',
  describe: 'Output format',
} as const

/** Of Kubernetes objects. */
export const MANIFEST_OUTPUT_OPTION = {
  alias: 'o',
  choices: ['yaml', 'json'] as ('yaml' | 'json')[],
  default: 'yaml' as 'yaml' | 'json',
  describe: 'Format of the objects',
} as const

export const DRY_RUN_OPTION = {
  type: 'boolean',
  default: false,
  describe: 'Say what would change, change nothing',
} as const

/** For what was written there by another command. */
export const REQUESTS_OPTION = {
  type: 'string',
  coerce: pathOption('csr-dir'),
  completes: 'directory',
  describe: 'As the job had it, when that was not below --root',
} as const

/** Of every command that changes files. */
export const CHANGE_OPTIONS = {
  'lock-timeout': {
    type: 'string',
    coerce: durationOption('lock-timeout', 0),
    describe: 'How long to wait for another kubepki that changes files (default: not at all)',
  },
  'keep-backups': {
    type: 'string',
    coerce: countOption('keep-backups'),
    describe: 'How many backups stay, the newest (default: 10)',
  },
} as const satisfies OptionTable

export const RESTART_OPTIONS = {
  restart: {
    type: 'boolean',
    default: false,
    describe: 'Then restart the static pods that hold the old files, one at a time, by their manifests',
  },
  'restart-wait': {
    type: 'string',
    coerce: durationOption('restart-wait', 0),
    describe: 'How long the kubelet may take to stop a pod (default: 20s)',
  },
} as const satisfies OptionTable

interface RestartArguments {
  readonly restart: boolean
  readonly 'restart-wait'?: number | undefined
}

export function restartOptions({ restart, 'restart-wait': restartWait }: RestartArguments, host: Host) {
  if (restartWait !== undefined && !restart) throw new PkiError('USAGE', '--restart-wait wants --restart too')
  return {
    restart,
    restartWait: restartWait && Math.min(restartWait, LONGEST_TIMER),
    interruption: restart ? host.interruption?.() : undefined,
    onProgress: (message: string) => tell.note(host, message),
  }
}

/** What a restart came to, and what is left to do. */
export function tellRestart(host: Host, outcome: RestartOutcome, { isAll }: { isAll: boolean }): ExitCode {
  const { restarted = [], restartFailure } = outcome
  if (restarted.length > 0) tell.note(host, `restarted: ${restarted.join(', ')}`)
  if (restartFailure !== undefined) tell.error(host, restartFailure)
  for (const line of restartHints(outcome, { isAll })) tell.hint(host, line)
  return restartFailure === undefined ? EXIT.done : EXIT.failed
}

interface NodeArguments {
  readonly root: string
  readonly certDir?: string | undefined
  readonly kubeconfigDir?: string | undefined
  readonly kubeletDir?: string | undefined
  readonly csrDir?: string | undefined
  readonly config?: string | undefined
  readonly now?: Date | undefined
}

export function readOptions(args: NodeArguments, host: Host): ReadOptions & { now: Date } {
  const { root, certDir, kubeconfigDir, kubeletDir, config } = args
  return { root: resolve(root), certDir, kubeconfigDir, kubeletDir, config, now: args.now ?? host.now() }
}

/** What a further command needs to find the same node: ` --root /mnt`, or nothing. */
export function nodeFlags(args: NodeArguments): string {
  const { root, certDir, kubeconfigDir, kubeletDir, csrDir } = args
  return commandFlags({
    root: resolve(root) === '/' ? '/' : root,
    certDir,
    kubeconfigDir,
    kubeletDir,
    csrDir,
  })
}

/** Everything that is not what was asked for goes to stderr, one line each, whatever a file put into it. */
const line = (kind: string) => (host: Host, message: string) =>
  host.stderr(`kubepki: ${kind}${printable(message)}\n`)
export const tell = {
  error: line('error: '),
  warning: line('warning: '),
  hint: line('hint: '),
  note: line(''),
}

/** Of a job that stopped before it changed anything. */
export function tellFailures(
  host: Host,
  failures: readonly { readonly message: string; readonly hint?: string | undefined }[],
): ExitCode {
  for (const { message } of failures) tell.error(host, message)
  for (const hint of new Set(failures.flatMap(({ hint }) => hint ?? []))) tell.hint(host, hint)
  tell.note(host, 'nothing was changed')
  return EXIT.failed
}

export function tellBackups(host: Host, { directory }: { directory: string }): void {
  tellSources(host, [{ fact: 'backups', value: directory, source: 'the kubeconfig directory' }])
}

export function tellSources(host: Host, sources: readonly SourceFact[]): void {
  for (const { fact, value, source } of sources) tell.note(host, `${fact}: ${value} (${source})`)
}
