/** The words of a command line into values, by yargs' own parser, without what yargs needs for explaining them. */
import parser from 'yargs-parser'
import { PkiError } from '../errors.ts'
import type { OptionTable } from './command.ts'

export type Parsed = Readonly<Record<string, unknown>>

/** A repeated flag is no error here, nor is a number; "no-" before a flag means nothing. */
export const PARSER = {
  'duplicate-arguments-array': true,
  'boolean-negation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
}

/** `-ojson` as `-o json`: kubeadm's users write both. */
export function separateValues(argv: readonly string[], options: OptionTable): string[] {
  const withValue = Object.values(options).filter(({ type }) => type !== 'boolean')
  return argv.flatMap(word => {
    const [, letter, value] = /^-([A-Za-z])([^=].*)$/.exec(word) ?? []
    const isOption = withValue.some(({ alias }) => alias !== undefined && alias === letter)
    return isOption && value !== undefined ? [`-${letter}`, value] : [word]
  })
}

/** Undefined: help or the version is wanted, or something is wrong, and yargs has the word. */
export function readArguments(argv: readonly string[], options: OptionTable): Parsed | undefined {
  checkBooleans(argv, options)
  const names = Object.keys(options)
  const booleans = names.filter(name => options[name]?.type === 'boolean')
  const { argv: parsed, error } = parser.detailed([...argv], {
    alias: fieldOf(options, 'alias') as Record<string, string>,
    boolean: booleans,
    string: names.filter(name => options[name]?.type === 'string'),
    // As many values as yargs' requiresArg wants: a value left out (an unset shell variable) is never the default.
    narg: Object.fromEntries(names.filter(name => !booleans.includes(name)).map(name => [name, Number.NaN])),
    default: fieldOf(options, 'default'),
    configuration: PARSER,
  })
  const isPlain = error === null && Object.keys(parsed).every(key => key === '_' || isKnown(key, options))
  return isPlain && isOfChoices(parsed, options) ? parsed : undefined
}

function fieldOf(options: OptionTable, field: 'alias' | 'default'): Record<string, unknown> {
  const set = Object.entries(options).filter(([, option]) => option[field] !== undefined)
  return Object.fromEntries(set.map(([name, option]) => [name, option[field]]))
}

function isKnown(key: string, options: OptionTable): boolean {
  return Object.entries(options).some(([name, { alias }]) => [name, camelCase(name), alias].includes(key))
}

function isOfChoices(parsed: Parsed, options: OptionTable): boolean {
  return Object.entries(options).every(([name, { choices }]) =>
    [parsed[name] ?? []].flat().every(value => choices?.includes(String(value)) ?? true),
  )
}

export function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** The parser takes `--csr-only=yes` for false. */
function checkBooleans(argv: readonly string[], options: OptionTable): void {
  for (const [name, { type }] of Object.entries(options)) {
    const value = argv.find(word => word.startsWith(`--${name}=`))?.slice(name.length + 3)
    if (type !== 'boolean' || value === undefined || value === 'true' || value === 'false') continue
    throw new PkiError('USAGE', `--${name} wants true or false, found "${value}"`)
  }
}
