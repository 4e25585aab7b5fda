/** kubepki beside a live cluster: the machine's clock, a person at the terminal, an environment. */
import { run } from '../../src/cli.ts'
import type { Outcome } from './host.ts'

export interface Person {
  /** What is answered to every question; absent: there is no terminal. */
  readonly answers?: string | (() => string)
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly interruption?: AbortSignal
}

export interface Running {
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<Outcome>
}

export function startLive(argv: readonly string[], person: Person = {}): Running {
  const { answers, environment = { PATH: process.env.PATH }, interruption } = person
  let stdout = ''
  let stderr = ''
  const ended = run(argv, {
    stdout: text => {
      stdout += text
    },
    stderr: text => {
      stderr += text
    },
    now: () => new Date(),
    environment: () => environment,
    ...(interruption && { interruption: () => interruption }),
    ...(answers !== undefined && { ask: async () => (typeof answers === 'string' ? answers : answers()) }),
  }).then(exitCode => ({ stdout, stderr, exitCode }))
  return { stdout: () => stdout, stderr: () => stderr, ended }
}

export function live(argv: readonly string[], person: Person = {}): Promise<Outcome> {
  return startLive(argv, person).ended
}
