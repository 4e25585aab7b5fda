import { EXIT, type ExitCode } from '../../errors.ts'
import { renewableNames } from '../../inventory/names.ts'
import { RENEWABLE, REQUESTED_ONLY } from '../../inventory/select.ts'
import { planCertificates, type RenewOptions } from '../../operations/plan-renewal.ts'
import { renewCertificates } from '../../operations/renew.ts'
import type { RenewalPlan, RenewalResult, SkippedCertificate } from '../../pki/renewal-result.ts'
import { HARMLESS } from '../../pki/renewal-step.ts'
import { PLAN_FORMATS } from '../../report/plan.ts'
import { RENEWAL_FORMATS } from '../../report/renewal.ts'
import { restartHints } from '../../report/restart.ts'
import { type IssuableKeyAlgorithm, KEY_ALGORITHMS } from '../../x509/key-algorithm.ts'
import { CLUSTER_OPTIONS, clusterTarget } from '../cluster-target.ts'
import { defineCommand, type Host } from '../command.ts'
import {
  CHANGE_OPTIONS,
  DRY_RUN_OPTION,
  durationOption,
  NODE_OPTIONS,
  nodeFlags,
  OUTPUT_OPTION,
  pathOption,
  RESTART_OPTIONS,
  readOptions,
  restartOptions,
  tell,
  tellRestart,
  tellSources,
} from '../options.ts'
import { ARCHIVE_OPTION, requestHints, tellArchive, tellPlan } from '../paperwork.ts'
import { checkFlags, sansOption, signerNameOption } from './renew-flags.ts'

const NAMES = RENEWABLE.map(({ name }) => name)
const BY_API = REQUESTED_ONLY.map(({ name }) => name)
const ALGORITHMS = Object.keys(KEY_ALGORITHMS) as IssuableKeyAlgorithm[]

export const command = defineCommand({
  names: `all, or any of: ${NAMES.join(', ')}; with --use-api also ${BY_API.join(', ')}`,
  nameChoices: ['all', ...NAMES, ...BY_API],
  repeatable: ['add-san', 'remove-san'],
  options: {
    within: {
      type: 'string',
      coerce: durationOption('within', 0),
      describe: 'Renew only what expires within this time; nothing to do is exit code 0',
    },
    'dry-run': DRY_RUN_OPTION,
    key: {
      choices: ['new', 'keep'] as ('new' | 'keep')[],
      default: 'new' as 'new' | 'keep',
      describe: 'A new key, or the old one signed again',
    },
    'add-san': {
      type: 'string',
      coerce: sansOption('add-san'),
      describe: 'A DNS name or address to add to the serving certificates named; may be given again',
    },
    'remove-san': {
      type: 'string',
      coerce: sansOption('remove-san'),
      describe: 'A DNS name or address to take out; may be given again',
    },
    'sans-from-config': {
      type: 'boolean',
      default: false,
      describe: 'The names and addresses that kubeadm would make from --config, in place of the old ones',
    },
    'csr-only': {
      type: 'boolean',
      default: false,
      describe: 'Write keys and requests for an external CA, sign nothing',
    },
    'csr-dir': {
      type: 'string',
      coerce: pathOption('csr-dir'),
      completes: 'directory',
      describe: 'Where requests and their keys go (default: csr in the PKI directory)',
    },
    'use-api': {
      type: 'boolean',
      default: false,
      describe:
        'Have them signed by the cluster, through the Certificates API; nothing changes before all are answered',
    },
    'signer-name': {
      type: 'string',
      coerce: signerNameOption,
      describe:
        "With --use-api: a signer of your own (default: Kubernetes' of API server clients, or of kubelets)",
    },
    'wait-timeout': {
      type: 'string',
      coerce: durationOption('wait-timeout'),
      describe: 'With --use-api: how long to wait until all are answered (default: 15m)',
    },
    ...CLUSTER_OPTIONS,
    archive: ARCHIVE_OPTION,
    force: { type: 'boolean', default: false, describe: 'Replace requests that are already pending' },
    'encryption-algorithm': {
      choices: ALGORITHMS,
      describe: 'Of the new keys (default: as --config says, else as the old key)',
    },
    validity: {
      type: 'string',
      coerce: durationOption('validity'),
      describe: 'How long the new certificates are valid (default: as --config says, else 1y)',
    },
    output: OUTPUT_OPTION,
    ...RESTART_OPTIONS,
    ...CHANGE_OPTIONS,
    ...NODE_OPTIONS,
  },
  examples: [
    { command: 'kubepki certs renew all', does: 'what kubeadm renews, signed by the CAs on this disk' },
    { command: 'kubepki certs renew all --within 30d', does: 'for a timer: what is due, else nothing' },
    { command: 'kubepki certs renew all --dry-run', does: 'the plan: dates, keys, files' },
    {
      command: 'kubepki certs renew apiserver --add-san lb.example.com --restart',
      does: 'one more name, and the API server restarted if it does not take the file up by itself',
    },
    { command: 'kubepki certs renew apiserver etcd-server --validity 90d', does: 'two of them, for 90 days' },
    {
      command: 'kubepki certs renew all --csr-only --csr-dir /root/csr',
      does: 'keys and requests for a CA elsewhere',
    },
    {
      command:
        'kubepki certs renew controller-manager.conf scheduler.conf --use-api --kubeconfig /etc/kubernetes/admin.conf',
      does: 'by the signer of the cluster, once somebody has approved the requests',
    },
    {
      command: 'kubepki certs renew kubelet.crt --use-api --kubeconfig /etc/kubernetes/kubelet.conf',
      does: 'what the kubelet serves with, signed by the cluster; asked for by the node itself',
    },
  ],
  run: async (args, host) => {
    const names = renewableNames((args.names ?? []).map(String), { byApi: args['use-api'] })
    checkFlags(args, names)
    const options: RenewOptions = {
      ...readOptions(args, host),
      names,
      csrOnly: args['csr-only'],
      csrDir: args['csr-dir'],
      archive: args.archive,
      force: args.force,
      encryptionAlgorithm: args['encryption-algorithm'],
      validity: args.validity,
      within: args.within,
      keepKey: args.key === 'keep',
      lockTimeout: args['lock-timeout'],
      keepBackups: args['keep-backups'],
      addSans: args['add-san'] ?? [],
      removeSans: args['remove-san'] ?? [],
      sansFromConfig: args['sans-from-config'],
      ...restartOptions(args, host),
    }
    if (args['use-api']) return useApi(options, args, host)
    if (args['dry-run']) return showPlan(await planCertificates(options), args, host)
    return finish(await renewCertificates(options), {
      host,
      isAll: names === 'all',
      flags: nodeFlags(args),
      ...args,
    })
  },
})

type ApiArguments = Parameters<typeof clusterTarget>[0] &
  Parameters<typeof nodeFlags>[0] &
  Shown & {
    readonly 'dry-run': boolean
    readonly 'signer-name'?: string | undefined
    readonly 'wait-timeout'?: number | undefined
    readonly now?: Date | undefined
  }

async function useApi(options: RenewOptions, args: ApiArguments, host: Host): Promise<ExitCode> {
  const { planByApi, renewByApi } = await import('../../operations/renew-by-api.ts')
  const asked = { ...options, signerName: args['signer-name'] }
  if (args['dry-run']) {
    const { steps, skipped } = planByApi(asked)
    for (const { name, signer, subject } of steps)
      host.stdout(
        `${name}: to be requested of ${signer.signerName}${subject ? `, for ${subject.text}` : ''}\n`,
      )
    for (const { name, warnings } of steps)
      for (const warning of warnings) tell.warning(host, `${name}: ${warning}`)
    const exitCode = explainSkipped(skipped, host)
    tell.note(host, 'nothing was changed: this is the plan')
    return exitCode
  }
  const result = await renewByApi({
    ...asked,
    interruption: host.interruption?.(),
    target: clusterTarget(args, host),
    waitTimeout: args['wait-timeout'] ?? API_WAIT,
    clock: () => args.now ?? host.now(),
    onWarning: message => tell.warning(host, message),
  })
  return finish(result, { host, isAll: options.names === 'all', flags: nodeFlags(args), ...args })
}

const API_WAIT = 15 * 60_000

interface Shown {
  readonly output: 'text' | 'json' | 'yaml'
  readonly verbose: boolean
}

function finish(result: RenewalResult, { output, verbose, ...context }: Context & Shown): ExitCode {
  const { host, isAll } = context
  host.stdout(RENEWAL_FORMATS[output](result, { isAll }))
  if (verbose) tellSources(host, result.sources)
  return explain(result, context)
}

function showPlan(
  plan: RenewalPlan,
  { output, verbose }: { output: 'text' | 'json' | 'yaml'; verbose: boolean },
  host: Host,
): ExitCode {
  host.stdout(PLAN_FORMATS[output](plan))
  if (verbose) tellSources(host, plan.sources)
  for (const warning of plan.warnings) tell.warning(host, warning)
  const exitCode = explainSkipped(plan.skipped, host)
  tellPlan(host, plan)
  for (const line of restartHints(plan, { isAll: false })) tell.hint(host, `afterwards: ${line}`)
  return exitCode
}

/** What was left alone because something is wrong with it makes the run a failure. */
function explainSkipped(skipped: readonly SkippedCertificate[], host: Host): ExitCode {
  const failed = skipped.filter(({ reason }) => !HARMLESS.has(reason))
  for (const { name, message } of failed) tell.error(host, `${name} not renewed: ${message}`)
  for (const hint of new Set(failed.flatMap(({ hint }) => hint ?? []))) tell.hint(host, hint)
  return failed.length > 0 ? EXIT.failed : EXIT.done
}

interface Context {
  readonly host: Host
  readonly isAll: boolean
  readonly flags: string
}

function explain(result: RenewalResult, { host, isAll, flags }: Context): ExitCode {
  for (const warning of result.warnings) tell.warning(host, warning)
  const exitCode = explainSkipped(result.skipped, host)
  const { pending } = result
  const restartCode = tellRestart(host, result, { isAll })
  const archiveCode = tellArchive(host, result, flags)
  for (const line of pendingHints(result, flags)) tell.hint(host, line)
  if (!result.changed && exitCode === EXIT.done && pending.length === 0) tell.note(host, nothingDue(result))
  if (result.backup !== undefined)
    tell.note(host, `to undo it: kubepki certs rollback ${result.backup}${flags}`)
  return Math.max(exitCode, restartCode, archiveCode) as ExitCode
}

function nothingDue({ skipped }: RenewalResult): string {
  const due = skipped.filter(({ reason }) => reason === 'NOT_DUE')
  const [first] = due.toSorted((a, b) => (a.message < b.message ? -1 : 1))
  return first ? `nothing to do: the next is ${first.name}, it ${first.message}` : 'nothing to do'
}

function pendingHints(result: RenewalResult, flags: string): string[] {
  const { pending } = result
  if (pending.length === 0) return []
  return [
    'have each request signed with the names and usages it asks for:',
    ...pending.map(one => `  ${one.csrFile}, signed by ${one.caName}: certificate to ${one.certificateFile}`),
    ...requestHints(result, flags),
  ]
}
