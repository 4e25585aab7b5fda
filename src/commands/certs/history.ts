import { EXIT } from '../../errors.ts'
import { listHistory } from '../../operations/rollback.ts'
import { HISTORY_FORMATS } from '../../report/backups.ts'
import { defineCommand } from '../command.ts'
import { NODE_OPTIONS, OUTPUT_OPTION, REQUESTS_OPTION, readOptions, tell, tellBackups } from '../options.ts'

export const command = defineCommand({
  options: { 'csr-dir': REQUESTS_OPTION, output: OUTPUT_OPTION, ...NODE_OPTIONS },
  examples: [
    { command: 'kubepki certs history', does: 'the jobs that changed files, the newest first' },
    { command: 'kubepki certs history -o json', does: 'with every file, its mode and its hashes' },
  ],
  run: async (args, host) => {
    const list = listHistory({ ...readOptions(args, host), csrDir: args['csr-dir'] })
    host.stdout(HISTORY_FORMATS[args.output](list))
    if (args.verbose) tellBackups(host, list)
    for (const warning of list.warnings) tell.warning(host, warning)
    for (const { id, found } of list.damaged) tell.warning(host, `backup ${id} cannot be used: ${found}`)
    if (list.backups.length === 0) tell.note(host, `no backup in ${list.directory}`)
    return EXIT.done
  },
})
