import { EXIT } from '../../errors.ts'
import { listRequests } from '../../operations/list-requests.ts'
import { isSent, resumeCommands } from '../../pki/csr/resume-command.ts'
import type { RequestFinding } from '../../pki/request-findings.ts'
import type { RequestList } from '../../pki/request-list.ts'
import { REQUEST_LIST_FORMATS } from '../../report/request-list.ts'
import { defineCommand, type Host } from '../command.ts'
import {
  NODE_OPTIONS,
  nodeFlags,
  OUTPUT_OPTION,
  pathOption,
  readOptions,
  tell,
  tellSources,
} from '../options.ts'
import { ARCHIVE_OPTION } from '../paperwork.ts'

export const command = defineCommand({
  options: {
    'csr-dir': {
      type: 'string',
      coerce: pathOption('csr-dir'),
      completes: 'directory',
      describe: 'Where requests and their keys are (default: csr in the PKI directory)',
    },
    archive: ARCHIVE_OPTION,
    output: OUTPUT_OPTION,
    ...NODE_OPTIONS,
  },
  examples: [
    { command: 'kubepki certs requests', does: 'what waits for its CA, what is answered, what is installed' },
    {
      command: 'kubepki certs requests --archive /root/requests.tar',
      does: 'what waits, and how to sign it, in one file for the people of the CA; never a key',
    },
    {
      command: 'kubepki certs requests --csr-dir /root/csr -o json',
      does: 'for a program, of another directory',
    },
  ],
  run: async (args, host) => {
    const list = listRequests({ ...readOptions(args, host), csrDir: args['csr-dir'], archive: args.archive })
    host.stdout(REQUEST_LIST_FORMATS[args.output](list))
    if (args.verbose) tellSources(host, list.sources)
    for (const warning of list.warnings) tell.warning(host, warning)
    for (const finding of list.findings) tellFinding(host, finding)
    for (const remedy of new Set(list.findings.map(finding => finding.remedy))) tell.hint(host, remedy)
    if (list.archive !== undefined) tell.note(host, `packed for the CA's people: ${list.archive}`)
    for (const hint of nextSteps(list, nodeFlags(args))) tell.hint(host, hint)
    if (list.requests.length === 0) {
      tell.note(host, `no request in ${list.directory}, nor beside the live files`)
      tell.hint(host, 'asked for with another --csr-dir or --root? then name them again')
    }
    return EXIT.done
  },
})

function tellFinding(host: Host, { severity, certificate, file, found }: RequestFinding): void {
  const what = found.includes(file) ? found : `${found}: ${file}`
  tell[severity === 'info' ? 'note' : 'warning'](host, `${certificate}: ${what}`)
}

/** What a finding has said already is not said twice. */
function nextSteps({ requests, archive, findings }: RequestList, flags: string): string[] {
  const pending = requests.filter(({ state }) => state === 'pending')
  const resume = resumeCommands(pending.filter(isSent), flags)
  const going = resume.map(
    command => `to go on with what a cluster is to sign, with --kubeconfig as before: ${command}`,
  )
  if (pending.every(isSent)) return going
  const isSaid = archive !== undefined || findings.some(({ code }) => code === 'REQUEST_PENDING_LONG')
  const send = `to send them, with what the CA has to know: kubepki certs requests --archive requests.tar${flags}`
  return [
    ...going,
    ...(isSaid ? [] : [send]),
    `when the answers are back, in a directory or in files: kubepki certs import DIR${flags}`,
  ]
}
