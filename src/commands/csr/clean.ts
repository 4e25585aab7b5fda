import { EXIT, type ExitCode, PkiError } from '../../errors.ts'
import { checkDeletion, deleteCleaned } from '../../operations/cluster-requests.ts'
import { type Cleaned, cleanedRequests } from '../../operations/judge-requests.ts'
import { counted, plain } from '../../pki/csr/words.ts'
import { instant } from '../../pki/instant.ts'
import { LIST_WRITERS } from '../../report/streamed-list.ts'
import { clusterFlags } from '../cluster-target.ts'
import { defineCommand, type Host } from '../command.ts'
import { OUTPUT_OPTION, tell } from '../options.ts'
import { checkFound, type OpenedSource, openSource, SOURCE_OPTIONS } from './options.ts'

export const command = defineCommand({
  options: {
    yes: {
      alias: 'y',
      type: 'boolean',
      default: false,
      describe: 'Delete them from the cluster (default: say which)',
    },
    output: OUTPUT_OPTION,
    ...SOURCE_OPTIONS,
  },
  examples: [
    { command: 'kubepki csr clean', does: 'of the cluster: what its cleaner would delete, and why' },
    { command: 'kubepki csr clean --yes', does: 'and delete it' },
    {
      command: 'kubectl get csr -o json | kubepki csr clean --from -',
      does: "what kube-controller-manager's cleaner would delete, and why",
    },
  ],
  run: async (args, host) => {
    const { from, yes, output, now = host.now() } = args
    if (from !== undefined && yes)
      throw new PkiError('USAGE', '--yes deletes from a cluster, and with --from none is asked')
    const source = await openSource(args, host)
    if (yes && source.api) await checkDeletion(source.api)
    if (yes && now > host.now())
      tell.warning(
        host,
        `deletes what the cleaner of Kubernetes would delete at ${instant(now)}, which is yet to come`,
      )
    const writer = output === 'text' ? undefined : LIST_WRITERS[output]({ kind: 'CsrCleaningList' })
    const tally: Tally = { count: 0, cleaned: 0, deleted: 0, kept: 0 }
    for await (const one of cleanedRequests(source, now)) {
      tally.count += 1
      if (!one) continue
      tally.cleaned += 1
      const deletion = yes ? await deleted(one, source, tally) : undefined
      const { name, spec } = one.csr
      const { code, reason } = one
      const item = { name, signerName: spec.signerName, code, reason, ...deletion }
      host.stdout(writer ? writer.item(item) : lineOf(item))
    }
    checkFound(tally.count, source, from ?? '')
    if (writer) host.stdout(writer.end())
    return conclude(tally, { yes, flags: source.api && clusterFlags(args) }, host)
  },
})

interface Tally {
  count: number
  cleaned: number
  deleted: number
  kept: number
}

interface Deletion {
  readonly deleted: boolean
  readonly message: string
}

async function deleted(one: Cleaned, { api }: OpenedSource, tally: Tally): Promise<Deletion | undefined> {
  if (!api) return undefined
  const { outcome, message } = await deleteCleaned(api, one.csr)
  if (outcome === 'deleted') tally.deleted += 1
  if (outcome === 'kept') tally.kept += 1
  return { deleted: outcome === 'deleted', message }
}

interface CleaningItem extends Partial<Deletion> {
  readonly name: string
  readonly signerName: string
  readonly reason: string
}

function lineOf({ name, signerName, reason, message }: CleaningItem): string {
  return `${plain(name)}  ${plain(signerName)}  ${reason}${message === undefined ? '' : `: ${plain(message)}`}\n`
}

function conclude(
  { count, cleaned, deleted, kept }: Tally,
  { yes, flags }: { readonly yes: boolean; readonly flags: string | undefined },
  host: Host,
): ExitCode {
  if (yes) {
    tell.note(host, `${deleted} of ${counted(count, 'request')} deleted`)
    if (kept > 0) tell.error(host, `${counted(kept, 'request')} could not be deleted`)
    return kept > 0 ? EXIT.failed : EXIT.done
  }
  tell.note(host, `${cleaned} of ${counted(count, 'request')} would be deleted; nothing was changed`)
  if (flags !== undefined && cleaned > 0) tell.hint(host, `to delete them: kubepki csr clean --yes${flags}`)
  return EXIT.done
}
