#!/usr/bin/env node
/** The process: the real Host, argv in, exit code out. The only file that touches `process`. */
import { run } from './cli.ts'
import { EXIT } from './errors.ts'

process.exitCode = EXIT.failed
let isOutputLost = false

/** A reader that closed its end (`| head -1`) has what it wanted; any other trouble is said. */
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return
  process.stderr.write(`kubepki: error: cannot write to standard output: ${code}\n`)
  isOutputLost = true
  process.exitCode = EXIT.failed
})
process.stderr.on('error', () => {})

run(process.argv.slice(2), {
  stdout: text => process.stdout.write(text),
  stderr: text => process.stderr.write(text),
  now: () => new Date(),
}).then(code => {
  process.exitCode = isOutputLost ? EXIT.failed : code
})
