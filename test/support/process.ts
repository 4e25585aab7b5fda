/** A program, run to its end. */
import { type SpawnOptions, spawn } from 'node:child_process'

export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

export function runToEnd(
  [command = '', ...args]: readonly string[],
  { stdin = '', ...options }: SpawnOptions & { readonly stdin?: string } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (exitCode, signal) => resolve({ stdout, stderr, exitCode, signal }))
    child.stdin.on('error', () => undefined).end(stdin)
  })
}

export interface Started {
  readonly stdout: () => string
  readonly stderr: () => string
  /** To this very process. */
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Promise<Ended>
}

/** A program that goes on while the test does something. */
export function startProcess(
  [command = '', ...args]: readonly string[],
  options: SpawnOptions = {},
): Started {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part
    })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exitCode, signal) => resolve({ ...text, exitCode, signal }))
  })
  return {
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    kill: signal => void child.kill(signal),
    ended,
  }
}
