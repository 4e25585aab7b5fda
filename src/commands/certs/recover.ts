import { EXIT } from '../../errors.ts'
import { findInterrupted, recoverInterrupted } from '../../operations/recover.ts'
import { RECOVERY_FORMATS } from '../../report/backups.ts'
import { restartHints } from '../../report/restart.ts'
import { defineCommand } from '../command.ts'
import {
  CHANGE_OPTIONS,
  NODE_OPTIONS,
  OUTPUT_OPTION,
  REQUESTS_OPTION,
  readOptions,
  tell,
} from '../options.ts'

export const command = defineCommand({
  options: {
    'dry-run': { type: 'boolean', default: false, describe: 'Say what is interrupted, change nothing' },
    'csr-dir': REQUESTS_OPTION,
    output: OUTPUT_OPTION,
    'lock-timeout': CHANGE_OPTIONS['lock-timeout'],
    ...NODE_OPTIONS,
  },
  examples: [
    { command: 'kubepki certs recover --dry-run', does: 'see what a crash or a power loss left half done' },
    { command: 'kubepki certs recover', does: 'complete it, or put the old files back' },
  ],
  run: async (args, host) => {
    const lockTimeout = args['lock-timeout']
    const options = { ...readOptions(args, host), csrDir: args['csr-dir'], lockTimeout }
    const result = args['dry-run'] ? findInterrupted(options) : await recoverInterrupted(options)
    host.stdout(RECOVERY_FORMATS[args.output](result))
    for (const line of restartHints(result, { isAll: false })) tell.hint(host, line)
    if (result.notes.length === 0) tell.note(host, 'nothing was interrupted')
    return EXIT.done
  },
})
