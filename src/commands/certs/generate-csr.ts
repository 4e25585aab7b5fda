import { phaseNames } from '../../inventory/names.ts'
import { generateRequests } from '../../operations/generate-csr.ts'
import { REQUESTABLE } from '../../pki/bootstrap-requests.ts'
import type { RequestRow } from '../../pki/described-requests.ts'
import type { RequestPaperwork } from '../../pki/renewal-result.ts'
import { REQUESTS_FORMATS } from '../../report/requests.ts'
import { BOOTSTRAP_OPTIONS, bootstrapOptions, NETWORK_OPTIONS, REPEATABLE } from '../cluster-options.ts'
import { defineCommand } from '../command.ts'
import { nodeFlags, tell, tellFailures, tellSources } from '../options.ts'
import { ARCHIVE_OPTION, requestHints, tellArchive, tellPlan } from '../paperwork.ts'

export const command = defineCommand({
  names: `Names, by default all: ${REQUESTABLE.join(', ')}`,
  isNameOptional: true,
  nameChoices: REQUESTABLE,
  repeatable: [...REPEATABLE],
  options: { archive: ARCHIVE_OPTION, ...NETWORK_OPTIONS, ...BOOTSTRAP_OPTIONS },
  examples: [
    {
      command: 'kubepki certs generate-csr --config kubeadm.yaml',
      does: 'of all certificates and kubeconfigs, in their places; nothing of etcd where that is external',
    },
    {
      command: 'kubepki certs generate-csr --cert-dir new/pki --kubeconfig-dir new --config kubeadm.yaml',
      does: 'elsewhere, to be looked at first',
    },
    { command: 'kubepki certs generate-csr apiserver admin.conf', does: 'two of them, which are missing' },
    {
      command: 'kubepki certs generate-csr --config kubeadm.yaml --archive requests.tar',
      does: 'and one file for the people of the CA',
    },
  ],
  run: async (args, host) => {
    const result = await generateRequests({
      ...bootstrapOptions(args, host),
      archive: args.archive,
      names: args.names?.length ? phaseNames(args.names, REQUESTABLE) : 'all',
    })
    const { failures, requests, dryRun, backup } = result
    const isFailed = failures.length > 0
    if (!isFailed || args.output !== 'text') host.stdout(REQUESTS_FORMATS[args.output](result))
    if (args.verbose) tellSources(host, result.sources)
    for (const warning of result.warnings) tell.warning(host, warning)
    if (isFailed) return tellFailures(host, failures)
    for (const note of result.notes) tell.note(host, note)
    const exitCode = tellArchive(host, result, nodeFlags(args))
    if (dryRun) tellPlan(host, result)
    else for (const hint of signingHints(requests, result, nodeFlags(args))) tell.hint(host, hint)
    if (backup !== undefined)
      tell.note(host, `to undo it: kubepki certs rollback ${backup}${nodeFlags(args)}`)
    return exitCode
  },
})

/** What is left to do, by CA: a line to paste, for the first of each. */
function signingHints(requests: readonly RequestRow[], paperwork: RequestPaperwork, flags: string): string[] {
  const authorities = [...new Set(requests.map(({ caName }) => caName))]
  return [
    ...authorities.map(ca => {
      const files = requests.flatMap(({ caName, csrFile }) => (caName === ca ? csrFile : []))
      return `to be signed by ${ca}: ${files.join(' ')}`
    }),
    ...requestHints(paperwork, flags),
  ]
}
