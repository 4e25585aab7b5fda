/** What making files came to, for whoever asked for it. */
import { EXIT, type ExitCode } from '../../errors.ts'
import type { BootstrapResult } from '../../pki/bootstrap-result.ts'
import { BOOTSTRAP_FORMATS, type Heading } from '../../report/bootstrap.ts'
import { restartHints } from '../../report/restart.ts'
import type { Host } from '../command.ts'
import { nodeFlags, tell, tellFailures, tellSources } from '../options.ts'

interface Context {
  readonly args: Parameters<typeof nodeFlags>[0] & {
    readonly output: 'text' | 'json' | 'yaml'
    readonly verbose: boolean
  }
  readonly host: Host
  readonly heading: Heading
}

export function showBootstrap(result: BootstrapResult, { args, host, heading }: Context): ExitCode {
  const { dryRun, changed, failures, backup } = result
  const isFailed = failures.length > 0
  if (!isFailed || args.output !== 'text') host.stdout(BOOTSTRAP_FORMATS[args.output](result, heading))
  if (args.verbose) tellSources(host, result.sources)
  for (const warning of result.warnings) tell.warning(host, warning)
  if (isFailed) return tellFailures(host, failures)
  for (const note of result.notes) tell.note(host, note)
  for (const hint of restartHints(result, { isAll: false }))
    tell.hint(host, dryRun ? `afterwards: ${hint}` : hint)
  if (dryRun) tell.note(host, changed ? 'nothing was changed: this is the plan' : 'nothing to do')
  if (backup !== undefined) tell.note(host, `to undo it: kubepki certs rollback ${backup}${nodeFlags(args)}`)
  return EXIT.done
}
