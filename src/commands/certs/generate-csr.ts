import { EXIT } from '../../errors.ts'
import { phaseNames } from '../../inventory/names.ts'
import { generateRequests } from '../../operations/generate-csr.ts'
import { REQUESTABLE } from '../../pki/bootstrap-requests.ts'
import { shellWord } from '../../pki/command-flags.ts'
import type { RequestRow } from '../../pki/described-requests.ts'
import { REQUESTS_FORMATS } from '../../report/requests.ts'
import { BOOTSTRAP_OPTIONS, bootstrapOptions, NETWORK_OPTIONS, REPEATABLE } from '../cluster-options.ts'
import { defineCommand } from '../command.ts'
import { nodeFlags, tell, tellFailures, tellSources } from '../options.ts'

export const command = defineCommand({
  names: `Names, by default all: ${REQUESTABLE.join(', ')}`,
  isNameOptional: true,
  nameChoices: REQUESTABLE,
  repeatable: [...REPEATABLE],
  options: { ...NETWORK_OPTIONS, ...BOOTSTRAP_OPTIONS },
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
  ],
  run: async (args, host) => {
    const result = await generateRequests({
      ...bootstrapOptions(args, host),
      names: args.names?.length ? phaseNames(args.names, REQUESTABLE) : 'all',
    })
    const { failures, requests, dryRun, backup } = result
    const isFailed = failures.length > 0
    if (!isFailed || args.output !== 'text') host.stdout(REQUESTS_FORMATS[args.output](result))
    if (args.verbose) tellSources(host, result.sources)
    for (const warning of result.warnings) tell.warning(host, warning)
    if (isFailed) return tellFailures(host, failures)
    for (const note of result.notes) tell.note(host, note)
    if (dryRun) tell.note(host, 'nothing was changed: this is the plan')
    else for (const hint of signingHints(requests)) tell.hint(host, hint)
    if (backup !== undefined)
      tell.note(host, `to undo it: kubepki certs rollback ${backup}${nodeFlags(args)}`)
    return EXIT.done
  },
})

/** What is left to do, by CA: a line to paste, for the first of each. */
function signingHints(requests: readonly RequestRow[]): string[] {
  const authorities = [...new Set(requests.map(({ caName }) => caName))]
  const kubeconfig = requests.find(({ kind }) => kind === 'kubeconfig')
  const isOfPairs = requests.some(({ kind }) => kind === 'leaf')
  return [
    'each has to be signed by its CA, for what it asks (OpenSSL 3: openssl x509 -req -copy_extensions copyall -days 365 -CA ca.crt -CAkey ca.key -in NAME.csr -out NAME.crt):',
    ...authorities.map(ca => {
      const files = requests.flatMap(({ caName, csrFile }) => (caName === ca ? csrFile : []))
      return `  by ${ca}: ${files.join(' ')}`
    }),
    ...(isOfPairs
      ? ['then put each certificate beside its key, with .crt in place of .csr; the keys stay']
      : []),
    ...(kubeconfig ? [installHint(kubeconfig)] : []),
  ]
}

function installHint({ keyFile, csrFile, subject }: RequestRow): string {
  const user = shellWord(/^CN=([^,]*)/.exec(subject)?.[1] ?? '')
  const certificate = csrFile.replace(/csr$/, 'crt')
  return `of a kubeconfig: kubectl config set-credentials ${user} --kubeconfig ${keyFile} --embed-certs --client-certificate ${certificate}`
}
