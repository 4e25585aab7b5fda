import { EXIT } from '../../errors.ts'
import { CHECK_LIST_FORMATS } from '../../report/verification.ts'
import { defineCommand } from '../command.ts'
import { OUTPUT_OPTION } from '../options.ts'

export const command = defineCommand({
  options: { output: OUTPUT_OPTION },
  examples: [
    { command: 'kubepki certs checks', does: 'code, severity, what is wrong, what has to be known' },
  ],
  run: async ({ output }, host) => {
    host.stdout(CHECK_LIST_FORMATS[output]())
    return EXIT.done
  },
})
