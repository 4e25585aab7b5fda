import { EXIT, type ExitCode } from '../../errors.ts'
import { importAnswers } from '../../operations/import-answers.ts'
import { ANSWER_CHECKS, type AnswerCode } from '../../pki/answer-checks.ts'
import { answerRemedies } from '../../pki/answer-remedies.ts'
import type { ImportResult } from '../../pki/import-result.ts'
import { IMPORT_FORMATS } from '../../report/import.ts'
import { restartHints } from '../../report/restart.ts'
import { defineCommand, type Host } from '../command.ts'
import {
  CHANGE_OPTIONS,
  DRY_RUN_OPTION,
  durationOption,
  NODE_OPTIONS,
  nodeFlags,
  OUTPUT_OPTION,
  pathOption,
  RESTART_OPTIONS,
  readOptions,
  restartOptions,
  tell,
  tellRestart,
  tellSources,
} from '../options.ts'

const CODES: readonly AnswerCode[] = ANSWER_CHECKS.map(({ code }) => code)

export const command = defineCommand({
  names:
    'FILE and DIR: what the CA returned, in any form and under any name (default: what lies in --csr-dir)',
  isNameOptional: true,
  repeatable: ['allow'],
  options: {
    'csr-dir': {
      type: 'string',
      coerce: pathOption('csr-dir'),
      completes: 'directory',
      describe: 'Where the requests and their keys wait (default: csr in the PKI directory)',
    },
    partial: {
      type: 'boolean',
      default: false,
      describe: 'Install what can be installed, whatever is refused or has not come',
    },
    'min-validity': {
      type: 'string',
      coerce: durationOption('min-validity', 0),
      describe: 'Refuse what ends sooner than this (default: 30d)',
    },
    allow: {
      type: 'string',
      choices: CODES,
      coerce: (values: unknown) => values as AnswerCode[],
      describe: 'Let this difference from the request pass, and put it on record; may be given again',
    },
    'dry-run': DRY_RUN_OPTION,
    output: OUTPUT_OPTION,
    ...RESTART_OPTIONS,
    ...CHANGE_OPTIONS,
    ...NODE_OPTIONS,
  },
  examples: [
    {
      command: 'kubepki certs import --dry-run',
      does: 'what lies in the directory of requests: would it do?',
    },
    { command: 'kubepki certs import /root/from-ca', does: 'install all of it, or nothing and say why' },
    {
      command: 'kubepki certs import answers.p7b --partial --allow SAN_ADDED',
      does: 'install what can be installed, and let further names pass',
    },
  ],
  run: async (args, host) => {
    const result = await importAnswers({
      ...readOptions(args, host),
      ...restartOptions(args, host),
      paths: args.names ?? [],
      csrDir: args['csr-dir'],
      partial: args.partial,
      minValidity: args['min-validity'],
      allow: args.allow ?? [],
      dryRun: args['dry-run'],
      lockTimeout: args['lock-timeout'],
      keepBackups: args['keep-backups'],
    })
    host.stdout(IMPORT_FORMATS[args.output](result))
    if (args.verbose) tellSources(host, result.sources)
    return explain(result, { host, partial: args.partial, flags: nodeFlags(args) })
  },
})

interface Context {
  readonly host: Host
  readonly partial: boolean
  readonly flags: string
}

function explain(result: ImportResult, { host, partial, flags }: Context): ExitCode {
  const { installed, dryRun, backup } = result
  for (const warning of result.warnings) tell.warning(host, warning)
  for (const { name, allowed } of installed)
    for (const { code, wanted, found } of allowed)
      tell.warning(host, `${name}: ${code} allowed: wanted ${wanted}, found ${found}`)
  const exitCode = explainRefused(result, { host, partial, flags })
  if (installed.length === 0) return exitCode
  if (dryRun) {
    tell.note(host, 'nothing was changed: this is the plan')
    for (const line of restartHints(result, { isAll: false })) tell.hint(host, `afterwards: ${line}`)
    return exitCode
  }
  const restartCode = tellRestart(host, result, { isAll: false })
  if (backup !== undefined) tell.note(host, `to undo it: kubepki certs rollback ${backup}${flags}`)
  return Math.max(exitCode, restartCode) as ExitCode
}

/** What came and was not right, and what did not come. */
function explainRefused(
  { refused, unanswered, installed }: ImportResult,
  { host, partial, flags }: Context,
): ExitCode {
  for (const { name, file, code, field, wanted, found } of refused)
    tell.error(
      host,
      `${name === undefined ? '' : `${name}: `}${file}: ${code}: ${field}: wanted ${wanted}, found ${found}`,
    )
  const missing = unanswered.map(({ name }) => name).join(', ')
  const codes = refused.map(({ code }) => code)
  for (const remedy of answerRemedies(codes, flags)) tell.hint(host, remedy)
  if (partial) {
    if (missing !== '') tell.note(host, `still pending: ${missing}`)
    if (refused.length === 0) return EXIT.done
    return installed.length > 0 ? EXIT.findings : EXIT.failed
  }
  if (missing !== '') tell.error(host, `no answer came for ${missing}`)
  if (refused.length === 0 && unanswered.length === 0) return EXIT.done
  tell.note(
    host,
    `nothing was installed; --partial installs what is right; what waits: kubepki certs requests${flags}`,
  )
  return EXIT.failed
}
