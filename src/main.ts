#!/usr/bin/env node
/**
 * The process: the real Host, argv in, exit code out. The only file that touches `process`.
 * It writes to the descriptors themselves: `process.stdout` would load the network modules, 5 ms of every start.
 */
import { writeSync } from 'node:fs'
import { run } from './cli.ts'
import { EXIT } from './errors.ts'

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

process.exitCode = EXIT.failed
run(process.argv.slice(2), {
  stdout: text => write(STDOUT, text),
  stderr: text => write(STDERR, text),
  now: () => new Date(),
  runtime: process.versions.bun ? `Bun ${process.versions.bun}` : `Node.js ${process.versions.node}`,
  interruption,
}).then(
  code => {
    process.exitCode = code
  },
  (error: NodeJS.ErrnoException) => {
    if (error.syscall !== 'write') throw error
    write(STDERR, `kubepki: error: cannot write the output: ${error.code}\n`)
  },
)
