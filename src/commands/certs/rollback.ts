import { type ExitCode, PkiError } from '../../errors.ts'
import { planRollBack, rollBack } from '../../operations/rollback.ts'
import type { RollbackResult } from '../../pki/rollback-result.ts'
import { ROLLBACK_FORMATS } from '../../report/backups.ts'
import { defineCommand, type Host } from '../command.ts'
import {
  CHANGE_OPTIONS,
  NODE_OPTIONS,
  nodeFlags,
  OUTPUT_OPTION,
  REQUESTS_OPTION,
  RESTART_OPTIONS,
  readOptions,
  restartOptions,
  tell,
  tellBackups,
  tellRestart,
} from '../options.ts'

export const command = defineCommand({
  names: 'ID is one that kubepki certs history shows; the newest, when none is named.',
  isNameOptional: true,
  options: {
    'dry-run': { type: 'boolean', default: false, describe: 'Say what would be put back, change nothing' },
    force: {
      type: 'boolean',
      default: false,
      describe: 'Also overwrite files that were changed after the backup',
    },
    'csr-dir': REQUESTS_OPTION,
    output: OUTPUT_OPTION,
    ...RESTART_OPTIONS,
    ...CHANGE_OPTIONS,
    ...NODE_OPTIONS,
  },
  examples: [
    { command: 'kubepki certs rollback', does: 'undo the last job; a second rollback undoes the first' },
    {
      command: 'kubepki certs rollback 20261201T000000Z --dry-run',
      does: 'what undoing that job would change',
    },
  ],
  run: async (args, host) => {
    const [id, second] = (args.names ?? []).map(String)
    if (second !== undefined) throw new PkiError('USAGE', `wanted one ID, found "${second}" too`)
    const options = {
      ...readOptions(args, host),
      id,
      csrDir: args['csr-dir'],
      force: args.force,
      lockTimeout: args['lock-timeout'],
      keepBackups: args['keep-backups'],
      ...restartOptions(args, host),
    }
    const result = args['dry-run'] ? planRollBack(options) : await rollBack(options)
    host.stdout(ROLLBACK_FORMATS[args.output](result))
    if (args.verbose) tellBackups(host, result)
    return explain(result, host, nodeFlags(args))
  },
})

const LOST: Readonly<Record<string, string>> = {
  true: 'that would be overwritten',
  false: 'that is in the new backup alone',
}

function explain(result: RollbackResult, host: Host, flags: string): ExitCode {
  const { id, command, dryRun, changed, backup, warnings, overwritten } = result
  for (const path of overwritten)
    tell.warning(host, `${path} had been changed since: ${LOST[String(dryRun)]}`)
  for (const warning of warnings) tell.warning(host, warning)
  const undone = `"${command}" (${id})`
  if (!changed) tell.note(host, `nothing to do: the files are as before ${undone}`)
  else if (dryRun) tell.note(host, `nothing was changed: this is what undoing ${undone} would do`)
  else tell.note(host, `undone: ${undone}; to have it again: kubepki certs rollback ${backup}${flags}`)
  return tellRestart(host, result, { isAll: false })
}
