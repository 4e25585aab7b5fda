import { firstToAbort } from '../../abort.ts'
import { PkiError } from '../../errors.ts'
import { LONGEST_TIMER } from '../../kubernetes/duration.ts'
import { decideRequests } from '../../operations/decide-requests.ts'
import { watchDecisions } from '../../operations/watch-decisions.ts'
import { defineCommand, type Host } from '../command.ts'
import { durationOption, tell } from '../options.ts'
import { DECISION_OPTIONS, decideOptions, finishDecisions } from './decide.ts'
import { openCluster } from './options.ts'

export const command = defineCommand({
  names: 'NAME: of a request in the cluster; or --all-pending, by a policy',
  isNameOptional: true,
  options: {
    'all-pending': {
      type: 'boolean',
      default: false,
      describe: 'Whatever is pending and --policy approves',
    },
    force: {
      type: 'boolean',
      default: false,
      describe: 'Approve the requests named against all rules; those broken are put on record',
    },
    'deny-refused': { type: 'boolean', default: false, describe: 'Deny what the policy denies, too' },
    watch: {
      type: 'boolean',
      default: false,
      describe: 'Go on with what comes, as --all-pending, until Ctrl-C or --for is over',
    },
    for: {
      type: 'string',
      coerce: durationOption('for'),
      describe: 'How long --watch goes on (default: until it is ended)',
    },
    ...DECISION_OPTIONS,
  },
  examples: [
    { command: 'kubepki csr approve csr-8b2xk', does: 'shown rule by rule first, and asked' },
    {
      command: 'kubepki csr approve --all-pending --policy kubelet --yes',
      does: "nodes' client requests, then their serving ones; exit code 3 when some are left",
    },
    {
      command: 'kubepki csr approve --watch --for 1h --policy kubelet --yes',
      does: 'while nodes are added or come back after their certificates expired',
    },
  ],
  run: async (args, host) => {
    const names = args.names ?? []
    const isAll = args['all-pending'] || args.watch
    checkFlags({ ...args, names, isAll, hasPolicy: args.policy !== undefined })
    const options = {
      ...decideOptions('approve', args, host),
      force: args.force,
      denies: args['deny-refused'],
    }
    const api = await openCluster(args, host)
    if (!args.watch) {
      const result = await decideRequests(api, isAll ? undefined : names, options)
      return finishDecisions(result, args, host)
    }
    tell.note(
      host,
      `watching ${api.server}, until Ctrl-C${args.for === undefined ? '' : ' or --for is over'}`,
    )
    const result = await watchDecisions(api, { ...options, signal: endOf(args.for, host) })
    return finishDecisions(result, args, host)
  },
})

interface Flags {
  readonly names: readonly string[]
  readonly isAll: boolean
  readonly hasPolicy: boolean
  readonly force: boolean
  readonly watch: boolean
  readonly for?: number | undefined
}

function checkFlags({ names, isAll, hasPolicy, force, watch, for: howLong }: Flags): void {
  const wrong = (message: string, hint: string) => new PkiError('USAGE', message, { hint })
  if (isAll && names.length > 0)
    throw wrong(`names and --${watch ? 'watch' : 'all-pending'} exclude each other`, 'one or the other')
  if (!isAll && names.length === 0)
    throw wrong('wanted NAME... or --all-pending, found nothing', 'kubepki csr list --pending')
  if (isAll && !hasPolicy)
    throw wrong(
      'what is not named is approved by a policy alone: wanted --policy',
      'such as --policy kubelet',
    )
  if (isAll && force)
    throw wrong('--force is for requests that are named', 'kubepki csr approve NAME --force')
  if (howLong !== undefined && !watch) throw wrong('--for wants --watch too', 'kubepki csr approve --help')
}

function endOf(howLong: number | undefined, host: Host): AbortSignal {
  const over = howLong === undefined ? undefined : AbortSignal.timeout(Math.min(howLong, LONGEST_TIMER))
  return firstToAbort([host.interruption?.(), over])
}
