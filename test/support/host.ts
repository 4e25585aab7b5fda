/** Drives the command line: captured output, fixed clock; in this process, or the command that KUBEPKI_BIN names. */
import { join } from 'node:path'
import { run } from '../../src/cli.ts'
import { COMMANDS, withoutAlias } from '../../src/commands/index.ts'
import { runToEnd } from './process.ts'

/** The clock of all fixtures. */
export const NOW = new Date('2026-12-01T00:00:00Z')

export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** A command to test in place of the sources: an executable, or `node dist/kubepki.cjs`. */
const BINARY = process.env.KUBEPKI_BIN?.split(' ')

/** The built command, for what only a process can show. */
export const COMMAND: readonly [string, ...string[]] = (BINARY ?? [
  process.execPath,
  join(import.meta.dirname, '../../dist/kubepki.cjs'),
]) as [string, ...string[]]

export async function kubepki(...argv: string[]): Promise<Outcome> {
  if (BINARY !== undefined) return asProcess([...argv, ...clockFor(argv)])
  let stdout = ''
  let stderr = ''
  const exitCode = await run(argv, {
    stdout: text => {
      stdout += text
    },
    stderr: text => {
      stderr += text
    },
    now: () => NOW,
  })
  return { stdout, stderr, exitCode }
}

/** A process has no clock of ours but by its flag, where the command has it. */
function clockFor(argv: readonly string[]): string[] {
  const words = withoutAlias(argv)
  const entry = COMMANDS.find(one => one.words.every((word, index) => word === words[index]))
  const hasClock = entry !== undefined && !CLOCKLESS.has(entry.words.at(-1) ?? '')
  const isAsked = argv.some(word => /^(--now(=.*)?|--help|-h|--version)$/.test(word))
  return hasClock && !isAsked ? ['--now', NOW.toISOString()] : []
}

const CLOCKLESS: ReadonlySet<string> = new Set(['certificate-key', 'checks', 'completion', 'manual', 'rules'])

async function asProcess(argv: readonly string[]): Promise<Outcome> {
  const { stdout, stderr, exitCode } = await runToEnd([...COMMAND, ...argv])
  return { stdout, stderr, exitCode: exitCode ?? 255 }
}

/** By the clock of the machine: for what real components judge. */
export function kubepkiNow(...argv: string[]): Promise<Outcome> {
  return kubepki(...argv, '--now', new Date().toISOString())
}

/** What kubepki says beyond kubeadm: what of the closing line applies here, and what kind of host it is. */
const ADVICE =
  /^kubepki: (hint: (changed here|take the new files up by themselves): .*|to undo it: kubepki certs rollback .*|nothing to do|a host of etcd alone: .*)\n/gm

/** The outcome without that advice: anything else on stderr stays. */
export function exceptAdvice(outcome: Outcome): Outcome {
  return { ...outcome, stderr: outcome.stderr.replace(ADVICE, '') }
}
