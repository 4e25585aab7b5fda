/** From argv to an exit code: finds the command and runs it, catches once, prints error and hint. */
import { readArguments, separateValues } from './commands/arguments.ts'
import type { Command, Host } from './commands/command.ts'
import { COMMANDS, type CommandEntry, commandLine, withoutAlias } from './commands/index.ts'
import { tell } from './commands/options.ts'
import { EXIT, type ExitCode, PkiError } from './errors.ts'

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
    // Without a prefix: it is to be copied.
    if (error.manifest !== undefined) host.stderr(error.manifest)
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
    if (entry) return { entry, rest: [...argv.slice(0, index), ...words.slice(entry.words.length)] }
  }
  return undefined
}

async function runCommand(entry: CommandEntry, argv: readonly string[], host: Host): Promise<ExitCode> {
  const { command } = await entry.load()
  const words = separateValues(argv, command.options)
  const read = readArguments(words, command.options)
  const { output, parsed } = read ? { output: '', parsed: read } : await explain(entry, command, words, host)
  if (output === '') return command.run({ ...parsed, names: namesOf(parsed, entry, command) }, host)
  host.stdout(`${output}\n`)
  return EXIT.done
}

async function explain(entry: CommandEntry, command: Command, argv: readonly string[], host: Host) {
  const { explainCommand } = await import('./usage.ts')
  return explainCommand(entry, command, argv, host)
}

/** For help, and for words that name no command. */
async function runOverview(argv: readonly string[], host: Host): Promise<ExitCode> {
  const { overview } = await import('./usage.ts')
  host.stdout(`${overview(argv, host)}\n`)
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
