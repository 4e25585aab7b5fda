#!/usr/bin/env node
/** The process: the real Host, argv in, exit code out. The only file that touches `process`. */
import { run } from './cli.ts'
import { EXIT } from './errors.ts'

/** A reader that closed its end (`| head -1`) has what it wanted. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = EXIT.failed
run(process.argv.slice(2), {
  stdout: text => process.stdout.write(text),
  stderr: text => process.stderr.write(text),
  now: () => new Date(),
}).then(code => {
  process.exitCode = code
})
