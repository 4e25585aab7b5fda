import { EXIT } from '../../errors.ts'
import { listRequests } from '../../operations/judge-requests.ts'
import { csrDocument, renderCsrList } from '../../report/csr-list.ts'
import { LIST_WRITERS } from '../../report/streamed-list.ts'
import { defineCommand } from '../command.ts'
import { tell } from '../options.ts'
import { listHints } from './hints.ts'
import {
  checkFound,
  DEFAULT_POLICY,
  openSource,
  POLICY_OPTIONS,
  readAuthorities,
  SOURCE_OPTIONS,
} from './options.ts'

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
      describe: 'Output format; all but text have each request in a row of its own',
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
    const source = await openSource(args, host)
    const [policy, now] = [args.policy ?? DEFAULT_POLICY, args.now ?? host.now()]
    const { output } = args
    const { items, count } = await listRequests({
      ...{ source, policy, now, isFolded: output === 'text' },
      authorities: readAuthorities(args['ca-cert'], source.authorities),
      filter: { signer: args.signer, node: args.node, isPending: args.pending },
    })
    checkFound(count, source, args.from ?? '')
    if (output === 'json' || output === 'yaml') {
      const writer = LIST_WRITERS[output]({ kind: 'CsrList', policy: policy.name })
      host.stdout(writer.start)
      for (const item of items) host.stdout(writer.item(csrDocument(item)))
      host.stdout(writer.end())
      return EXIT.done
    }
    const list = { items, now, terminal: host.terminal?.() }
    for (const piece of renderCsrList(list, output === 'wide')) host.stdout(piece)
    if (items.length === 0)
      tell.note(host, count === 0 ? 'no requests' : `none of ${count} requests is one of those`)
    for (const hint of listHints(items)) tell.hint(host, hint)
    return EXIT.done
  },
})
