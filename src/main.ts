#!/usr/bin/env node
/**
 * The process: the real Host, argv in, exit code out. The only file that touches `process`.
 * It writes to the descriptors themselves: `process.stdout` would load the network modules, 5 ms of every start.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { run } from './cli.ts'
import { EXIT, PkiError } from './errors.ts'
import type { Terminal } from './report/paint.ts'

const [STDOUT, STDERR] = [1, 2] as const

/** All of the text. A reader that closed its end (`| head -1`) has what it wanted. */
function write(descriptor: number, text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE' || code === 'EIO') return
      if (code !== 'EAGAIN') throw error
      sleep(1)
    }
  }
}

/** For a pipe that does not block and is full. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

/** A terminal that goes away ends nothing. Another signal changes nothing: what is being put back must be back before the process ends. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort())
  process.on('SIGHUP', () => undefined)
  return controller.signal
}

/** A pipe and a file are told apart by a call that costs nothing; only a terminal is worth loading its modules for. */
function terminal(): Terminal | undefined {
  if (!fstatSync(STDOUT).isCharacterDevice()) return undefined
  const { isTTY, columns } = process.stdout
  const { NO_COLOR, TERM } = process.env
  return isTTY ? { columns: columns || 80, hasColour: !NO_COLOR && TERM !== 'dumb' } : undefined
}

/** The terminal of the session, whatever stdin and stdout are; undefined where there is none. */
function openTerminal(): number | undefined {
  try {
    return openSync('/dev/tty', 'r+')
  } catch {
    return undefined
  }
}

async function ask(question: string, { hidden = false } = {}): Promise<string | undefined> {
  const terminal = openTerminal()
  if (terminal === undefined) return undefined
  try {
    write(terminal, question)
    return hidden ? await readHidden(terminal) : readLine(terminal)
  } finally {
    closeSync(terminal)
  }
}

/** The terminal itself edits the line. */
function readLine(terminal: number): string {
  const bytes = Buffer.alloc(1024)
  return bytes.toString('utf8', 0, readSync(terminal, bytes)).replace(/\r?\n$/, '')
}

const [CTRL_C, CTRL_D, BACKSPACE, DELETE, CTRL_U] = [3, 4, 8, 127, 21] as const

/** Key by key, and none of them is shown. The stream is for the terminal's mode alone: nothing is read through it. */
async function readHidden(terminal: number): Promise<string> {
  const { ReadStream } = await import('node:tty')
  const mode = new ReadStream(openSync('/dev/tty', 'r'))
  mode.setRawMode(true)
  try {
    return readKeys(terminal)
  } finally {
    mode.setRawMode(false)
    mode.destroy()
    write(terminal, '\n')
  }
}

function readKeys(terminal: number): string {
  const typed: number[] = []
  const bytes = Buffer.alloc(1024)
  for (;;) {
    const length = readSync(terminal, bytes)
    for (const key of bytes.subarray(0, length)) {
      if (key === CTRL_C) throw new PkiError('INTERRUPTED', 'interrupted; nothing was changed')
      if (key === 0x0a || key === 0x0d || key === CTRL_D) return Buffer.from(typed).toString('utf8')
      if (key === CTRL_U) typed.length = 0
      else if (key === BACKSPACE || key === DELETE) eraseLast(typed)
      else typed.push(key)
    }
    if (length === 0) return Buffer.from(typed).toString('utf8')
  }
}

/** A character of UTF-8 may be several bytes. */
function eraseLast(typed: number[]): void {
  while (((typed.pop() ?? 0) & 0xc0) === 0x80);
}

/** V8 lets a heap grow to several times what lives in it: of a long list that is most of the memory. */
async function spareMemory(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString('--heap-growing-percent=30')
}

process.exitCode = EXIT.failed
run(process.argv.slice(2), {
  stdout: text => write(STDOUT, text),
  stderr: text => write(STDERR, text),
  now: () => new Date(),
  runtime: process.versions.bun ? `Bun ${process.versions.bun}` : `Node.js ${process.versions.node}`,
  terminal,
  interruption,
  environment: () => process.env,
  spareMemory,
  ask,
}).then(
  code => {
    process.exitCode = code
  },
  (error: NodeJS.ErrnoException) => {
    if (error.syscall !== 'write') throw error
    write(STDERR, `kubepki: error: cannot write the output: ${error.code}\n`)
  },
)
