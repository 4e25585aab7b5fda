/** Drives the command line in this process: captured output, fixed clock. */
import { run } from '../../src/cli.ts'

/** The clock of all fixtures. */
export const NOW = new Date('2026-12-01T00:00:00Z')

export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export async function kubepki(...argv: string[]): Promise<Outcome> {
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
