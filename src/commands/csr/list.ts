import { EXIT, type ExitCode } from '../../errors.ts'
import { eachListed, type ListOptions, listSigningRequests } from '../../operations/judge-requests.ts'
import { csrDocument, renderCsrList } from '../../report/csr-list.ts'
import { LIST_WRITERS } from '../../report/streamed-list.ts'
import { defineCommand, type Host } from '../command.ts'
import { tell } from '../options.ts'
import { listHints } from './hints.ts'
import { checkFound, type Judging, openJudging, POLICY_OPTIONS, SOURCE_OPTIONS } from './options.ts'

export const command = defineCommand({
  options: {
    signer: { type: 'string', describe: 'Of this signer alone; what is behind the slash will do' },
    pending: { type: 'boolean', default: false, describe: 'What is not decided alone' },
    node: { type: 'string', describe: 'Of this node alone' },
    ...POLICY_OPTIONS,
    output: {
      alias: 'o',
      choices: ['text', 'wide', 'json', 'yaml'] as ('text' | 'wide' | 'json' | 'yaml')[],
      default: 'text' as 'text' | 'wide' | 'json' | 'yaml',
      describe: 'Output format; all but text have each request by itself, json and yaml as they come',
    },
    ...SOURCE_OPTIONS,
  },
  examples: [
    { command: 'kubepki csr list', does: 'of the cluster that kubectl would ask' },
    {
      command: 'kubectl get csr -o json | kubepki csr list --from - --pending',
      does: 'who waits, for how long, and what a policy would do',
    },
    {
      command: 'kubepki csr list --from csrs.json --signer kubelet-serving --nodes nodes.json -o wide',
      does: 'serving requests, with their keys, names and usages',
    },
  ],
  run: async (args, host) => {
    const { output } = args
    const judging = await openJudging(args, host)
    const filter = { signer: args.signer, node: args.node, isPending: args.pending }
    const options = { ...judging, filter }
    const check = (count: number) => checkFound(count, judging.source, args.from ?? '')
    if (output === 'json' || output === 'yaml') return writeData(output, options, { host, check })
    const { items, count } = await listSigningRequests(options, { isFolded: output === 'text' })
    check(count)
    const list = { items, now: judging.now, terminal: host.terminal?.() }
    for (const piece of renderCsrList(list, output === 'wide')) host.stdout(piece)
    if (items.length === 0)
      tell.note(host, count === 0 ? 'no requests' : `none of ${count} requests is one of those`)
    for (const hint of listHints(items)) tell.hint(host, hint)
    return EXIT.done
  },
})

interface Outlet {
  readonly host: Host
  readonly check: (count: number) => void
}

/** As they come: a list of any length. */
async function writeData(
  output: 'json' | 'yaml',
  options: ListOptions & Pick<Judging, 'policyName'>,
  { host, check }: Outlet,
): Promise<ExitCode> {
  const writer = LIST_WRITERS[output]({ kind: 'CsrList', policy: options.policyName })
  let count = 0
  for await (const item of eachListed(options)) {
    count += 1
    if (item) host.stdout(writer.item(csrDocument(item)))
  }
  check(count)
  host.stdout(writer.end())
  return EXIT.done
}
