import { EXIT } from '../../errors.ts'
import { cleanedRequests } from '../../operations/judge-requests.ts'
import { counted, plain } from '../../pki/csr/words.ts'
import { LIST_WRITERS } from '../../report/streamed-list.ts'
import { defineCommand } from '../command.ts'
import { OUTPUT_OPTION, tell } from '../options.ts'
import { checkFound, openSource, SOURCE_OPTIONS } from './options.ts'

export const command = defineCommand({
  options: { output: OUTPUT_OPTION, ...SOURCE_OPTIONS },
  examples: [
    {
      command: 'kubectl get csr -o json | kubepki csr clean --from -',
      does: "what kube-controller-manager's cleaner would delete, and why",
    },
  ],
  run: async (args, host) => {
    const source = openSource(args, host)
    const writer = args.output === 'text' ? undefined : LIST_WRITERS[args.output]({ kind: 'CsrCleaningList' })
    let [count, cleaned] = [0, 0]
    if (writer) host.stdout(writer.start)
    for await (const one of cleanedRequests(source, args.now ?? host.now())) {
      count += 1
      if (!one) continue
      cleaned += 1
      const { csr, code, reason } = one
      const { signerName } = csr.spec
      const line = `${plain(csr.name)}  ${plain(signerName)}  ${reason}\n`
      host.stdout(writer ? writer.item({ name: csr.name, signerName, code, reason }) : line)
    }
    if (writer) host.stdout(writer.end())
    checkFound(count, source, args.from ?? '')
    tell.note(host, `${cleaned} of ${counted(count, 'request')} would be deleted; nothing was changed`)
    return EXIT.done
  },
})
