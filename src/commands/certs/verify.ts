import { EXIT } from '../../errors.ts'
import { rowNames } from '../../inventory/names.ts'
import { verifyCertificates } from '../../operations/verify.ts'
import { gravestOf } from '../../pki/verification.ts'
import { VERIFICATION_FORMATS } from '../../report/verification.ts'
import { defineCommand } from '../command.ts'
import {
  durationOption,
  NODE_OPTIONS,
  OUTPUT_OPTION,
  pathOption,
  REQUESTS_OPTION,
  readOptions,
  tell,
  tellSources,
} from '../options.ts'

const THIRTY_DAYS = 30 * 86_400_000

export const command = defineCommand({
  names: 'Rows to look at: apiserver, ca, admin.conf, ... (default: all)',
  isNameOptional: true,
  repeatable: ['kubeconfig'],
  options: {
    'fail-on': {
      choices: ['error', 'warning'] as ('error' | 'warning')[],
      default: 'error' as 'error' | 'warning',
      describe: 'Exit with 3 if a finding is as grave as this',
    },
    within: {
      type: 'string',
      coerce: durationOption('within', 0),
      describe: 'Warn of what expires within this time (default: 30d)',
    },
    'max-validity': {
      type: 'string',
      coerce: durationOption('max-validity'),
      describe: 'Warn of certificates that stay valid for longer than this (default: ten years, CAs aside)',
    },
    kubeconfig: {
      type: 'string',
      coerce: (value: unknown) => [value].flat().map(pathOption('kubeconfig')),
      completes: 'file',
      describe: 'A copy of a kubeconfig to look at too, as ~/.kube/config; may be given again',
    },
    output: OUTPUT_OPTION,
    'csr-dir': REQUESTS_OPTION,
    ...NODE_OPTIONS,
  },
  examples: [
    { command: 'kubepki certs verify', does: 'everything that is wrong with this node, the gravest first' },
    {
      command: 'kubepki certs verify --kubeconfig ~/.kube/config --kubeconfig /home/ci/.kube/config',
      does: 'copies of admin.conf too: whether they still work, and for how long',
    },
    {
      command: 'kubepki certs verify --fail-on warning -o json',
      does: 'for a pipeline: exit code 3 also for warnings',
    },
  ],
  run: async (args, host) => {
    const report = await verifyCertificates({
      ...readOptions(args, host),
      names: rowNames(args.names ?? [], args.kubeconfig ?? []),
      within: args.within ?? THIRTY_DAYS,
      maxValidity: args['max-validity'],
      kubeconfigs: args.kubeconfig,
      csrDir: args['csr-dir'],
    })
    host.stdout(VERIFICATION_FORMATS[args.output](report))
    if (args.verbose) tellSources(host, report.sources)
    for (const warning of report.warnings) tell.warning(host, warning)
    const gravest = gravestOf(report)
    const fails = gravest === 'error' || (gravest === 'warning' && args['fail-on'] === 'warning')
    return fails ? EXIT.findings : EXIT.done
  },
})
