import { EXIT, PkiError } from '../../errors.ts'
import { rowNames } from '../../inventory/names.ts'
import { type EndpointAddress, parseEndpointAddress } from '../../kubernetes/endpoint-address.ts'
import { verifyCertificates } from '../../operations/verify.ts'
import { gravestOf } from '../../pki/finding.ts'
import { VERIFICATION_FORMATS, type VerificationFormatName } from '../../report/verification.ts'
import { defineCommand } from '../command.ts'
import {
  durationOption,
  NODE_OPTIONS,
  pathOption,
  REQUESTS_OPTION,
  readOptions,
  tell,
  tellSources,
} from '../options.ts'
import { OUTPUT_FILE_OPTION, writeReport } from '../output-file.ts'

function endpointOption(value: unknown): Required<EndpointAddress> {
  const { host, port } = parseEndpointAddress(String(value).toLowerCase()) ?? {}
  if (host !== undefined && port !== undefined) return { host, port }
  throw new PkiError('USAGE', `--endpoint wants HOST:PORT, found "${value}"`, {
    hint: 'such as lb.example.com:6443, 192.0.2.10:6443 or [2001:db8::10]:6443',
  })
}

interface LiveArguments {
  readonly live: boolean
  readonly endpoint?: readonly unknown[] | undefined
  readonly timeout?: number | undefined
}

function checkLive({ live, endpoint, timeout }: LiveArguments): void {
  if (live) return
  if (endpoint !== undefined) throw new PkiError('USAGE', '--endpoint wants --live too')
  if (timeout !== undefined) throw new PkiError('USAGE', '--timeout wants --live too')
}

const THIRTY_DAYS = 30 * 86_400_000

export const command = defineCommand({
  names: 'Rows to look at: apiserver, ca, admin.conf, ... (default: all)',
  isNameOptional: true,
  repeatable: ['kubeconfig', 'endpoint'],
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
    live: {
      type: 'boolean',
      default: false,
      describe: 'Look also at what the processes serve, by TLS handshakes, and since when they run',
    },
    endpoint: {
      type: 'string',
      coerce: (value: unknown) => [value].flat().map(endpointOption),
      describe: 'A further HOST:PORT of the API server to look at, as a load balancer; may be given again',
    },
    timeout: {
      type: 'string',
      coerce: durationOption('timeout'),
      describe: 'How long all of --live may take (default: 10s)',
    },
    output: {
      alias: 'o',
      choices: Object.keys(VERIFICATION_FORMATS) as VerificationFormatName[],
      default: 'text' as VerificationFormatName,
      describe: 'Output format',
    },
    'output-file': OUTPUT_FILE_OPTION,
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
      command: 'kubepki certs verify --live --endpoint lb.example.com:6443',
      does: 'also what the processes and the load balancer serve, against the files',
    },
    {
      command: 'kubepki certs verify --fail-on warning -o json',
      does: 'for a pipeline: exit code 3 also for warnings',
    },
    {
      command:
        'kubepki certs verify -o prometheus --output-file /var/lib/prometheus/node-exporter/kubepki.prom',
      does: "metrics of certificates and findings, for node_exporter's textfile collector",
    },
  ],
  run: async (args, host) => {
    checkLive(args)
    const report = await verifyCertificates({
      ...readOptions(args, host),
      names: rowNames(args.names ?? [], args.kubeconfig ?? []),
      within: args.within ?? THIRTY_DAYS,
      maxValidity: args['max-validity'],
      kubeconfigs: args.kubeconfig,
      csrDir: args['csr-dir'],
      ...{ live: args.live, endpoints: args.endpoint, timeout: args.timeout },
      outputFile: args['output-file'],
    })
    const terminal = args['output-file'] === undefined ? host.terminal?.() : undefined
    const text = await VERIFICATION_FORMATS[args.output](report, terminal)
    await writeReport(host, text, args['output-file'])
    if (args.verbose) tellSources(host, report.sources)
    for (const warning of report.warnings) tell.warning(host, warning)
    const gravest = gravestOf(report)
    const fails = gravest === 'error' || (gravest === 'warning' && args['fail-on'] === 'warning')
    return fails ? EXIT.findings : EXIT.done
  },
})
