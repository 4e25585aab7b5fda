/**
 * What yargs lays out and explains: help, and what is wrong with a command line. Loaded for that alone: a command line
 * that says what to do needs none of it, and it is a fifth of the time in which a node is checked.
 */
import yargs, { type Argv } from 'yargs'
import { PARSER, type Parsed } from './commands/arguments.ts'
import type { Command, Host, Options } from './commands/command.ts'
import { COMMANDS, type CommandEntry, commandLine, GROUPS, withoutAlias } from './commands/index.ts'
import { PkiError } from './errors.ts'
import { nearest } from './nearest.ts'
import { COMMIT, VERSION } from './version.ts'

/** `output`: help or the version. Throws when something is wrong. */
export function explainCommand(
  entry: CommandEntry,
  command: Command,
  argv: readonly string[],
  host: Host,
): Explained {
  const line = [commandLine(entry), entry.positionals ?? ''].join(' ').trim()
  const parser = newParser(commandLine(entry), host, message => commandError(message, entry, command))
    .usage([line, entry.describe, command.names ?? ''].join('\n\n').trim())
    .strictOptions()
    .epilogue(EXIT_CODES)
  for (const [name, options] of Object.entries(command.options)) parser.option(name, forYargs(options))
  for (const { command: example, does } of command.examples) parser.example(example, does)
  return parse(parser, argv)
}

interface Explained {
  readonly output: string
  readonly parsed: Parsed
}

const EXIT_CODES = 'Exit codes: 0 done, 1 could not do it, 2 wrong use, 3 done and there are findings.'

/** What there is: for help, and for words that name no command. */
export function overview(argv: readonly string[], host: Host): string {
  const parser = newParser('kubepki', host, message => overviewError(message, argv))
    .usage('kubepki: the certificates of a kubeadm-style Kubernetes node\n\nUsage: $0 GROUP COMMAND')
    .strict()
    .epilogue(COMMANDS.map(entry => `${commandLine(entry)}\n    ${entry.describe}`).join('\n'))
  registerBelow(parser, [])
  return parse(parser, argv.length === 0 ? ['--help'] : argv).output
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

function parse(parser: Argv, argv: readonly string[]): Explained {
  let output = ''
  const parsed = parser.parse([...argv], {}, (_error: unknown, _args: unknown, text: string) => {
    output = text
  })
  return { output, parsed: parsed as Parsed }
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
  const words = leadingWords(argv)
  const started = COMMANDS.filter(entry => entry.words[0] === withoutAlias(words)[0])
  const list = `the commands: ${(started.length > 0 ? started : COMMANDS).map(commandLine).join(', ')}`
  if (unknownWordOf(message) === undefined) return new PkiError('USAGE', message, { hint: list })
  const meant = nearestCommand(words)
  const hint = meant ? `did you mean ${commandLine(meant)}?` : list
  return new PkiError('USAGE', `no command is named "${words.join(' ')}"`, { hint })
}

/** Behind a flag stands perhaps its value: no word of a command. */
function leadingWords(argv: readonly string[]): readonly string[] {
  const flag = argv.findIndex(word => word.startsWith('-'))
  return flag > 0 ? argv.slice(0, flag) : argv.filter(word => !word.startsWith('-'))
}

/** Its last word with a slip, or all of its words. */
function nearestCommand(typed: readonly string[]): CommandEntry | undefined {
  const last = nearest(typed.at(-1) ?? '', COMMANDS.map(lastWord))
  return (
    COMMANDS.find(entry => lastWord(entry) === last) ??
    COMMANDS.find(({ words }) => nearest(typed.slice(0, words.length).join(' '), [words.join(' ')]))
  )
}

function lastWord({ words }: CommandEntry): string {
  return words.at(-1) ?? ''
}

function unknownWordOf(message: string): string | undefined {
  return /^Unknown (?:arguments?|commands?): ([^,]+)/.exec(message)?.[1]
}
