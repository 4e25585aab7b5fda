import { EXIT, PkiError } from '../../errors.ts'
import { nearest } from '../../nearest.ts'
import { findRequest } from '../../operations/judge-requests.ts'
import { offlineResults } from '../../pki/csr/offline.ts'
import { isNeverIssued, unsignedHint } from '../../pki/csr/state-words.ts'
import { CSR_SHOW_FORMATS } from '../../report/csr-show.ts'
import { defineCommand } from '../command.ts'
import { OUTPUT_OPTION, tell } from '../options.ts'
import { openJudging, POLICY_OPTIONS, SOURCE_OPTIONS } from './options.ts'

export const command = defineCommand({
  names: 'The request to look at',
  options: { ...POLICY_OPTIONS, output: OUTPUT_OPTION, ...SOURCE_OPTIONS },
  examples: [
    { command: 'kubepki csr show csr-8b2xk', does: 'of the cluster that kubectl would ask' },
    {
      command: 'kubectl get csr -o json | kubepki csr show csr-8b2xk --from -',
      does: 'what is asked for beside what the request says, and a line for each rule',
    },
  ],
  run: async (args, host) => {
    const names = args.names ?? []
    const [name = ''] = names
    if (names.length > 1) throw new PkiError('USAGE', `wanted one name, found ${names.length}`)
    const judging = await openJudging(args, host)
    const found = await findRequest(judging, name)
    if ('known' in found) throw unknownRequest(name, found.known)
    const { facts, verdict, policyName } = found
    const isWhole = verdict.rules.length > 1
    const rules = isWhole ? verdict.rules : [...offlineResults(facts), ...verdict.rules]
    host.stdout(
      CSR_SHOW_FORMATS[args.output]({ facts, verdict, rules, policy: policyName }, host.terminal?.()),
    )
    if (isNeverIssued(facts.csr, facts.now)) tell.hint(host, unsignedHint(facts.csr.spec.signerName))
    return EXIT.done
  },
})

const GONE =
  'the cleaner of a cluster deletes requests an hour after they are decided, and after a day when nobody decides: that is no error'

function unknownRequest(name: string, known: readonly string[]): PkiError {
  const near = nearest(name, known)
  return new PkiError('NO_REQUESTS', `there is no request "${name}" in it, of ${known.length}`, {
    hint: `${near === undefined ? '' : `did you mean ${near}? `}${GONE}`,
  })
}
