import { EXIT } from '../../errors.ts'
import { checkExpiration } from '../../operations/check-expiration.ts'
import { type ExpirationReport, rowsExpiringWithin } from '../../pki/expiration.ts'
import { FORMATS, type Format, type FormatName } from '../../report/format.ts'
import { defineCommand, type Host } from '../command.ts'
import { durationOption, NODE_OPTIONS, readOptions, tell, tellSources } from '../options.ts'
import { OUTPUT_FILE_OPTION, writeReport } from '../output-file.ts'

export const command = defineCommand({
  options: {
    within: {
      type: 'string',
      coerce: durationOption('within', 0),
      describe: 'Exit with 3 if a listed certificate expires within this time, is missing or invalid',
    },
    output: {
      alias: 'o',
      choices: Object.keys(FORMATS) as FormatName[],
      default: 'text' as FormatName,
      describe: 'Output format',
    },
    'output-file': OUTPUT_FILE_OPTION,
    ...NODE_OPTIONS,
  },
  examples: [
    { command: 'kubepki certs check-expiration', does: 'the two tables of kubeadm' },
    {
      command: 'kubepki certs check-expiration --within 30d',
      does: 'for cron and monitoring: exit code 3 when something is due',
    },
    {
      command: 'kubepki certs check-expiration --root /mnt -o wide',
      does: 'every certificate of the node whose disk is mounted there',
    },
    {
      command: 'kubepki certs check-expiration -o html --output-file /tmp/certificates.html',
      does: 'a page to send to somebody: what expires when',
    },
  ],
  run: async (args, host) => {
    const format: Format = FORMATS[args.output]
    const outputFile = args['output-file']
    const report = checkExpiration({ ...readOptions(args, host), depth: format.depth, outputFile })
    const terminal = outputFile === undefined && format.renderOn ? host.terminal?.() : undefined
    const text = terminal ? format.renderOn?.(report, terminal) : await format.render(report)
    await writeReport(host, text ?? '', outputFile)
    if (args.verbose) tellSources(host, report.sources)
    explain(report, host)
    if (args.within === undefined) return EXIT.done
    return rowsExpiringWithin(format.rows(report), args.within, report.now).length > 0
      ? EXIT.findings
      : EXIT.done
  },
})

function explain(report: ExpirationReport, host: Host): void {
  for (const warning of report.warnings) tell.warning(host, warning)
  const rows = [...report.certificateAuthorities, ...report.certificates, ...report.kubeletCertificates]
  for (const { name, file, message } of rows)
    if (message !== undefined) tell.error(host, `${name}: ${file}: ${message}`)
  for (const { name, file, expirationDate } of dueKubelets(report)) {
    tell.warning(
      host,
      `${name}: ${file} expired on ${expirationDate?.toISOString()}: the kubelet cannot reach the API server`,
    )
  }
  const note = ROLE_NOTES[report.role]
  if (note !== undefined) tell.note(host, note)
}

const ROLE_NOTES: Readonly<Record<string, string>> = {
  worker: "no control plane here; -o wide lists the kubelet's certificates",
  etcd: "a host of etcd alone: the control plane's files are not expected here",
}

/** kubeadm's tables leave the kubelet out, and an expired one keeps the node away all the same. One row a file. */
function dueKubelets({ kubeletCertificates, now }: ExpirationReport) {
  const due = kubeletCertificates.filter(
    ({ caName, expirationDate }) => caName !== undefined && expirationDate !== null && expirationDate <= now,
  )
  return new Map(due.map(row => [row.file, row])).values()
}
