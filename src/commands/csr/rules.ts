import { EXIT } from '../../errors.ts'
import type { Policy } from '../../pki/csr/policy.ts'
import { rulesOf } from '../../pki/csr/rule-list.ts'
import { CSR_RULE_FORMATS } from '../../report/csr-rules.ts'
import { defineCommand } from '../command.ts'
import { OUTPUT_OPTION } from '../options.ts'
import { DEFAULT_POLICY, POLICY_OPTIONS } from './options.ts'

export const command = defineCommand({
  options: { policy: POLICY_OPTIONS.policy, output: OUTPUT_OPTION },
  examples: [
    { command: 'kubepki csr rules', does: 'code, level for each signer, and what is wanted' },
    {
      command: 'kubepki csr rules --policy our-policy.yaml',
      does: 'what a policy of your own comes to',
    },
  ],
  run: async (args, host) => {
    const policy: Policy = args.policy ?? DEFAULT_POLICY
    host.stdout(CSR_RULE_FORMATS[args.output](rulesOf(policy)))
    return EXIT.done
  },
})
