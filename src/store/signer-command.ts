/**
 * A program that has the CA's key: it gets on its standard input what is to be signed, and the signature is what it
 * writes to its standard output, both as bytes. It is started directly, no shell reads its words. What it writes to its
 * standard error is handed on line by line. It has so long, and no longer.
 */
import { spawn } from 'node:child_process'
import { PkiError } from '../errors.ts'

export interface SignerProgram {
  /** The program and its arguments. */
  readonly words: readonly string[]
  /** Milliseconds. */
  readonly timeout: number
  readonly onLine?: ((line: string) => void) | undefined
}

/** No signature is longer; who writes more writes something else. */
const MOST_OUTPUT = 64 * 1024

export function runSigner(
  { words, timeout, onLine = () => undefined }: SignerProgram,
  input: Uint8Array,
): Promise<Uint8Array> {
  const [program = '', ...args] = words
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe' })
    const output: Buffer[] = []
    const lines = lineReader(onLine)
    const fail = (found: string, hint?: string) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
      child.unref()
      reject(new PkiError('SIGNER_FAILED', `the signer program ${program} ${found}`, { hint }))
    }
    const timer = setTimeout(() => {
      fail(`gave no signature within ${timeout / 1000} s`, 'a longer --signer-timeout, such as 5m')
    }, timeout)
    child.on('error', ({ code }: NodeJS.ErrnoException) => {
      fail(`cannot be started: ${START_TROUBLE[code ?? ''] ?? code}`, WORDS_HINT)
    })
    child.stdout.on('data', (bytes: Buffer) => {
      output.push(bytes)
      const length = output.reduce((sum, one) => sum + one.length, 0)
      if (length > MOST_OUTPUT) fail(`writes more than ${MOST_OUTPUT} bytes: wanted a signature alone`)
    })
    child.stderr.on('data', lines.take)
    // Who does not read what is to be signed says so by its exit code.
    child.stdin.on('error', () => undefined).end(input)
    child.on('close', (code, signal) => {
      lines.end()
      clearTimeout(timer)
      if (code !== 0) fail(`ended with ${signal ?? `exit code ${code}`}`)
      else resolve(Buffer.concat(output))
    })
  })
}

const START_TROUBLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program',
  EACCES: 'permission denied',
}

const WORDS_HINT =
  'no shell reads --signer-command: it is a program and its arguments, with quotes around those that have spaces'

function lineReader(onLine: (line: string) => void) {
  let rest = ''
  const tell = (line: string) => {
    if (line.trim() !== '') onLine(line.trimEnd())
  }
  return {
    take: (bytes: Buffer) => {
      const lines = (rest + bytes.toString('utf8')).split('\n')
      rest = (lines.pop() ?? '').slice(-4096)
      for (const line of lines) tell(line)
    },
    end: () => tell(rest),
  }
}
