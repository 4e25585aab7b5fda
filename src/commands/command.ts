/** A command is a typed literal; `cli.ts` gives its tables to yargs. The Host is all a run may touch of the outside. */
import type { InferredOptionTypes, Options as YargsOptions } from 'yargs'
import type { ExitCode } from '../errors.ts'
import type { Terminal } from '../report/paint.ts'
import { camelCase } from './arguments.ts'

export interface Host {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly now: () => Date
  /** Such as `Node.js 20.20.2`. */
  readonly runtime?: string
  /** Where stdout goes, when that is a terminal. */
  readonly terminal?: () => Terminal | undefined
  /** Aborted when the user ends the run (Ctrl-C): asked for only by a job that has something to put back first. */
  readonly interruption?: () => AbortSignal
  /** The environment's variables: where kubeconfigs are, and what credential plugins are given. */
  readonly environment?: () => Readonly<Record<string, string | undefined>>
  /** Before a list of any length is read: memory before speed. */
  readonly spareMemory?: () => Promise<void>
  /** A line that the user types at the terminal; undefined where there is none. Hidden: nothing of it is shown. */
  readonly ask?: (question: string, options?: { readonly hidden?: boolean }) => Promise<string | undefined>
}

/** Where a shell looks for the value; choices it has in any case. */
export interface Options extends YargsOptions {
  readonly completes?: 'directory' | 'file'
}

export type OptionTable = Readonly<Record<string, Options>>
type Arguments<O extends OptionTable> = InferredOptionTypes<O> & { readonly names?: readonly string[] }

export interface Example {
  readonly command: string
  readonly does: string
}

export interface CommandSpec<O extends OptionTable> {
  /** What the words that are no flags mean, for help; at least one is wanted. Absent: there are none. */
  readonly names?: string
  readonly isNameOptional?: boolean
  /** For a shell to offer. */
  readonly nameChoices?: readonly string[]
  /** The words are paths. */
  readonly namesComplete?: 'file'
  /** Options whose coerce takes every value given, as a list; of any other the last one wins. */
  readonly repeatable?: readonly (keyof O & string)[]
  readonly options: O
  readonly examples: readonly Example[]
  readonly run: (args: Arguments<O>, host: Host) => Promise<ExitCode>
}

/** A command whose options no longer have a type of their own. */
export interface Command {
  readonly names: string | undefined
  readonly isNameOptional: boolean
  readonly nameChoices: readonly string[]
  readonly namesComplete: 'file' | undefined
  readonly options: OptionTable
  readonly examples: readonly Example[]
  readonly run: (parsed: Readonly<Record<string, unknown>>, host: Host) => Promise<ExitCode>
}

export function defineCommand<O extends OptionTable>(spec: CommandSpec<O>): Command {
  const { options, examples, names, isNameOptional = false, nameChoices = [], namesComplete } = spec
  const run = (parsed: Readonly<Record<string, unknown>>, host: Host) =>
    spec.run(coerced(spec, parsed) as Arguments<O>, host)
  return { names, isNameOptional, nameChoices, namesComplete, options, examples, run }
}

/** Values are checked here, not by yargs, which would lose the error's code and hint. */
function coerced<O extends OptionTable>(
  { options, repeatable = [] }: CommandSpec<O>,
  args: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...args }
  for (const [name, { coerce }] of Object.entries(options)) {
    if (args[name] === undefined) continue
    const all = [args[name]].flat()
    const given = repeatable.includes(name) ? all : all.at(-1)
    result[name] = coerce ? coerce(given) : given
    result[camelCase(name)] = result[name]
  }
  return result
}
