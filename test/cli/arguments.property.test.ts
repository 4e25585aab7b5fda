import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Parsed, readArguments } from '../../src/commands/arguments.ts'
import { COMMANDS } from '../../src/commands/index.ts'
import { PkiError } from '../../src/errors.ts'
import { explainCommand } from '../../src/usage.ts'
import { kubepki, NOW } from '../support/host.ts'
import { fixture } from '../support/node.ts'

const HOST = { stdout: () => undefined, stderr: () => undefined, now: () => NOW }
const LOADED = await Promise.all(
  COMMANDS.map(async entry => ({ entry, command: (await entry.load()).command })),
)

/** Words that a command line of this command may have, right and wrong. */
function wordsOf(options: (typeof LOADED)[number]['command']['options']) {
  const flags = Object.entries(options).flatMap(([name, { alias }]) => [
    `--${name}`,
    ...(typeof alias === 'string' ? [`-${alias}`] : []),
  ])
  const choices = Object.values(options).flatMap(option => (option.choices ?? []).map(String))
  const value = fc.oneof(
    fc.constantFrom(...choices, 'all', '30d', '10', '', '-', '0x10', 'true', 'a=b', '-1', '--', "'x'", 'é'),
    fc.string({ maxLength: 6 }),
  )
  const flag = fc.constantFrom(...flags, '--help', '-h', '--version', '--no-verbose', '--bogus', '-x')
  return fc.array(
    fc.oneof(
      flag.map(one => [one]),
      value.map(one => [one]),
      fc.tuple(flag, value).map(([one, other]) => [one, other]),
      fc.tuple(flag, value).map(([one, other]) => [`${one}=${other}`]),
    ),
    { maxLength: 5 },
  )
}

/** What yargs makes of it: values, or that it has something to say. */
function byYargs(one: (typeof LOADED)[number], argv: readonly string[]): Parsed | undefined {
  try {
    const { output, parsed } = explainCommand(one.entry, one.command, argv, HOST)
    return output === '' ? parsed : undefined
  } catch (error) {
    if (error instanceof PkiError) return undefined
    throw error
  }
}

function byUs(one: (typeof LOADED)[number], argv: readonly string[]): Parsed | undefined | 'refused' {
  try {
    return readArguments(argv, one.command.options)
  } catch (error) {
    if (error instanceof PkiError) return 'refused'
    throw error
  }
}

/** Values alone: yargs adds its own name, and undefined ones. */
function values(parsed: Parsed): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parsed).filter(([key, value]) => key !== '$0' && value !== undefined),
  )
}

describe.each(LOADED)('the words of $entry.words', one => {
  it('mean what yargs makes of them, or yargs has the word', () => {
    const lines = wordsOf(one.command.options).map(words => words.flat())
    fc.assert(
      fc.property(lines, argv => {
        const ours = byUs(one, argv)
        if (ours === undefined || ours === 'refused') return
        const theirs = byYargs(one, argv)
        expect(theirs && values(theirs), argv.join(' ')).toEqual(values(ours))
      }),
      { numRuns: 300 },
    )
  })
})

it.each([['-ojson'], ['-o=json'], ['-o', 'json'], ['--output=json']])('takes %j', async (...words) => {
  const root = fixture('nodes/stock-1.31')
  const { stdout, exitCode } = await kubepki('certs', 'check-expiration', ...words, '--root', root)
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toHaveProperty('kind')
})
