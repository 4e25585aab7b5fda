import { EXIT, PkiError } from '../../errors.ts'
import { stateOf } from '../../kubernetes/certificate-signing-request.ts'
import { vetRequests } from '../../operations/judge-requests.ts'
import { renderVerdict, type Tally, tallyWords } from '../../report/csr-verdicts.ts'
import { paintFor } from '../../report/paint.ts'
import { LIST_WRITERS } from '../../report/streamed-list.ts'
import { defineCommand } from '../command.ts'
import { OUTPUT_OPTION, tell } from '../options.ts'
import { checkFound, openJudging, POLICY_OPTIONS, SOURCE_OPTIONS } from './options.ts'

export const command = defineCommand({
  options: {
    ...POLICY_OPTIONS,
    again: {
      type: 'boolean',
      default: false,
      describe: 'Judge also what is decided already, as of when it was made: what a policy would have done',
    },
    pending: {
      type: 'boolean',
      default: false,
      describe: 'What is not decided alone: for a job that runs every night',
    },
    output: OUTPUT_OPTION,
    ...SOURCE_OPTIONS,
    verbose: { alias: 'v', type: 'boolean', default: false, describe: 'Say also which rules are kept' },
  },
  examples: [
    { command: 'kubepki csr vet --policy kubelet', does: "the cluster's requests beside its nodes" },
    {
      command:
        'kubectl get csr -o json | kubepki csr vet --from - --policy kubelet-serving --nodes nodes.json',
      does: 'approve, deny or leave for each, and why; exit code 3 unless all would be approved',
    },
    {
      command: 'kubepki csr vet --from old-requests --again --policy our-policy.yaml',
      does: 'what a policy would have done with the requests of last month',
    },
  ],
  run: async (args, host) => {
    if (args.pending && args.again)
      throw new PkiError('USAGE', '--pending and --again exclude each other', { hint: 'one or the other' })
    const judging = await openJudging(args, host)
    const { source, policyName } = judging
    const verdicts = vetRequests({ ...judging, isAgain: args.again })
    const writer =
      args.output === 'text'
        ? undefined
        : LIST_WRITERS[args.output]({ kind: 'CsrVerdictList', policy: policyName })
    const look = { paint: paintFor(host.terminal?.()), isLong: args.verbose }
    const tally: Tally = { approve: 0, deny: 0, leave: 0 }
    const seen = { count: 0, decided: 0 }
    for await (const { csr, verdict } of verdicts) {
      const isDecided = !args.again && stateOf(csr) !== 'pending'
      seen.count += 1
      if (isDecided) seen.decided += 1
      if (isDecided && args.pending) continue
      tally[verdict.outcome] += 1
      host.stdout(writer ? writer.item(verdict) : renderVerdict(verdict, csr, look))
    }
    checkFound(seen.count, source, args.from ?? '')
    if (writer) host.stdout(writer.end())
    tell.note(host, `${tallyWords(tally)} by the policy ${policyName}`)
    const open = seen.count - (args.pending ? seen.decided : 0) - tally.approve
    if (!args.pending && open > 0 && open === seen.decided)
      tell.hint(host, 'what is left is decided already: --pending passes it over, --again judges it')
    return open === 0 && source.strays().broken === 0 ? EXIT.done : EXIT.findings
  },
})
