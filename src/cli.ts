/** From argv to an exit code: assembles yargs, catches once, prints error and hint. */
import yargs, { type Argv } from 'yargs'
import type { Command, Host, Options } from './commands/command.ts'
import { COMMANDS, type CommandEntry, commandLine, GROUPS } from './commands/index.ts'
import { tell } from './commands/options.ts'
import { EXIT, type ExitCode, PkiError } from './errors.ts'
import { nearest } from './nearest.ts'
import { COMMIT, VERSION } from './version.ts'

export async function run(argv: readonly string[], host: Host): Promise<ExitCode> {
  try {
    const named = findCommand(argv)
    return await (named ? runCommand(named.entry, named.rest, host) : runOverview(argv, host))
  } catch (error) {
    if (isOfSystem(error)) tell.error(host, error.message)
    if (isOfSystem(error)) return EXIT.failed
    if (!(error instanceof PkiError)) throw error
    tell.error(host, error.message)
    if (error.hint !== undefined) tell.hint(host, error.hint)
    return error.exitCode
  }
}

/** A failed call that no step has explained; the output's own failure is `main.ts`'s to tell. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  const { syscall } = error as NodeJS.ErrnoException
  return error instanceof Error && syscall !== undefined && syscall !== 'write'
}

/** The command's words, at the start or behind flags. */
function findCommand(argv: readonly string[]) {
  for (const index of argv[0]?.startsWith('-') ? argv.keys() : [0]) {
    const words = withoutAlias(argv.slice(index))
    const entry = COMMANDS.find(one => one.words.every((word, position) => word === words[position]))
    if (entry) return { entry, rest: argv.toSpliced(index, entry.words.length) }
  }
  return undefined
}

function withoutAlias([first = '', ...rest]: readonly string[]): string[] {
  const group = GROUPS.find(({ words, aliases }) => words.length === 1 && aliases.includes(first))
  return [group?.words[0] ?? first, ...rest]
}

/** One command. Not as a command of yargs', which would parse twice and lay out the help text on every run. */
async function runCommand(entry: CommandEntry, argv: readonly string[], host: Host): Promise<ExitCode> {
  const { command } = await entry.load()
  checkBooleans(argv, command)
  const line = [commandLine(entry), entry.positionals ?? ''].join(' ').trim()
  const parser = newParser(commandLine(entry), host, message => commandError(message, entry, command))
    .usage([line, entry.describe, command.names ?? ''].join('\n\n').trim())
    .strictOptions()
    .epilogue(EXIT_CODES)
  for (const [name, options] of Object.entries(command.options)) parser.option(name, forYargs(options))
  for (const { command: example, does } of command.examples) parser.example(example, does)
  const { output, parsed } = parse(parser, argv)
  if (output === '') return command.run({ ...parsed, names: namesOf(parsed, entry, command) }, host)
  host.stdout(`${output}\n`)
  return EXIT.done
}

/** The words that are no flags. */
function namesOf(
  { _: words }: Readonly<Record<string, unknown>>,
  entry: CommandEntry,
  { names, isNameOptional }: Command,
): string[] {
  const given = (words as unknown[]).map(String)
  const help = `${commandLine(entry)} --help`
  if (names === undefined && given.length > 0) {
    throw new PkiError('USAGE', `unknown flag or argument "${given[0]}"`, { hint: help })
  }
  if (names !== undefined && given.length === 0 && !isNameOptional) {
    const hint = entry.positionals?.startsWith('all') ? `"all", or the names of certificates: ${help}` : help
    throw new PkiError('USAGE', `wanted ${entry.positionals}, found nothing`, { hint })
  }
  return given
}

const EXIT_CODES = 'Exit codes: 0 done, 1 could not do it, 2 wrong use, 3 done and there are findings.'

/** What there is: for help, and for words that name no command. */
function runOverview(argv: readonly string[], host: Host): ExitCode {
  const parser = newParser('kubepki', host, message => overviewError(message, argv))
    .usage('kubepki: the certificates of a kubeadm-style Kubernetes node\n\nUsage: $0 GROUP COMMAND')
    .strict()
    .epilogue(COMMANDS.map(entry => `${commandLine(entry)}\n    ${entry.describe}`).join('\n'))
  registerBelow(parser, [])
  const { output } = parse(parser, argv.length === 0 ? ['--help'] : argv)
  host.stdout(`${output}\n`)
  return EXIT.done
}

/** Groups and commands whose words begin with these. */
function registerBelow(parser: Argv, path: readonly string[]): void {
  const isBelow = ({ words }: { readonly words: readonly string[] }) =>
    words.length === path.length + 1 && path.every((word, index) => word === words[index])
  for (const { words, aliases, describe } of GROUPS.filter(isBelow)) {
    const name = words.at(-1) as string
    parser.command([name, ...aliases], describe, inner => {
      registerBelow(inner, words)
      return inner.demandCommand(1, `missing subcommand; "${name}" is not meant to be run on its own`)
    })
  }
  for (const { words, describe } of COMMANDS.filter(isBelow)) parser.command(words.at(-1) as string, describe)
}

/** A repeated flag is no error here, nor is a number; "no-" before a flag means nothing. */
const PARSER = {
  'duplicate-arguments-array': true,
  'boolean-negation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
}

/** Our own check takes the place of yargs' coerce; a value left out (an unset shell variable) is never the default. */
function forYargs({ coerce: _ours, completes: _shells, ...options }: Options): Options {
  return options.type === 'boolean' ? options : { ...options, requiresArg: true }
}

/** Version, commit and runtime: what a report of a fault has to name. */
function versionText({ runtime = 'a library' }: Host): string {
  return `${VERSION} (commit ${COMMIT}, ${runtime})`
}

function newParser(scriptName: string, host: Host, explain: (message: string) => PkiError): Argv {
  return yargs()
    .scriptName(scriptName)
    .detectLocale(false)
    .exitProcess(false)
    .version(versionText(host))
    .help()
    .alias('help', 'h')
    .wrap(110)
    .parserConfiguration(PARSER)
    .fail((message: string, error: unknown) => {
      if (error instanceof Error && error.name !== 'YError') throw error
      throw explain(message)
    })
}

function parse(parser: Argv, argv: readonly string[]) {
  let output = ''
  const parsed = parser.parse([...argv], {}, (_error: unknown, _args: unknown, text: string) => {
    output = text
  })
  return { output, parsed: parsed as Readonly<Record<string, unknown>> }
}

/** yargs says what it found; the message becomes ours, with what was perhaps meant. */
function commandError(message: string, entry: CommandEntry, command: Command): PkiError {
  const help = `${commandLine(entry)} --help`
  const unknown = unknownWordOf(message)
  if (unknown !== undefined) {
    const near = nearest(unknown, Object.keys(command.options))
    const guess = near === undefined ? '' : `did you mean --${near}? `
    return new PkiError('USAGE', `unknown flag or argument "${unknown}"`, { hint: guess + help })
  }
  const [, flag, given, choices] = /Argument: (\S+), Given: (.+), Choices: (.+)/.exec(message) ?? []
  if (flag !== undefined) return new PkiError('USAGE', `--${flag} wants one of ${choices}, found ${given}`)
  const [, bare] = /^Not enough arguments following: (\S+)/.exec(message) ?? []
  if (bare !== undefined)
    return new PkiError('USAGE', `--${bare} wants a value, found nothing`, { hint: help })
  const [first = ''] = message.split('\n')
  return new PkiError('USAGE', first.charAt(0).toLowerCase() + first.slice(1), { hint: help })
}

function overviewError(message: string, argv: readonly string[]): PkiError {
  const words = argv.filter(word => !word.startsWith('-'))
  const started = COMMANDS.filter(entry => entry.words[0] === withoutAlias(words)[0])
  const list = `the commands: ${(started.length > 0 ? started : COMMANDS).map(commandLine).join(', ')}`
  if (unknownWordOf(message) === undefined) return new PkiError('USAGE', message, { hint: list })
  const meant = COMMANDS.find(entry => isNear(entry, words))
  const hint = meant ? `did you mean ${commandLine(meant)}?` : list
  return new PkiError('USAGE', `no command is named "${argv.join(' ')}"`, { hint })
}

/** All of its words with a slip, or the last of them alone. */
function isNear({ words }: CommandEntry, typed: readonly string[]): boolean {
  const line = typed.slice(0, words.length).join(' ')
  const last = typed.at(-1) ?? ''
  return nearest(line, [words.join(' ')]) !== undefined || nearest(last, [words.at(-1) ?? '']) !== undefined
}

function unknownWordOf(message: string): string | undefined {
  return /^Unknown (?:arguments?|commands?): ([^,]+)/.exec(message)?.[1]
}

/** yargs takes `--csr-only=yes` for false. */
function checkBooleans(argv: readonly string[], { options }: Command): void {
  for (const [name, { type }] of Object.entries(options)) {
    const value = argv.find(word => word.startsWith(`--${name}=`))?.slice(name.length + 3)
    if (type !== 'boolean' || value === undefined || value === 'true' || value === 'false') continue
    throw new PkiError('USAGE', `--${name} wants true or false, found "${value}"`)
  }
}
