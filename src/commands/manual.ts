import { EXIT } from '../errors.ts'
import { type ManualCommand, type ManualFlag, renderManual } from '../report/manual.ts'
import { VERSION } from '../version.ts'
import { defineCommand, type Options } from './command.ts'
import { COMMANDS, type CommandEntry, commandLine } from './index.ts'
import { NODE_OPTIONS } from './options.ts'

export const command = defineCommand({
  options: { now: NODE_OPTIONS.now },
  examples: [
    { command: 'kubepki manual | man -l -', does: 'to read it' },
    { command: 'kubepki manual > /usr/local/share/man/man1/kubepki.1', does: 'to install it' },
  ],
  run: async ({ now }, host) => {
    const date = (now ?? host.now()).toISOString().slice(0, 10)
    const commands = await Promise.all(COMMANDS.map(describeCommand))
    host.stdout(renderManual({ version: VERSION, date, commands }))
    return EXIT.done
  },
})

async function describeCommand(entry: CommandEntry): Promise<ManualCommand> {
  const { names, options, examples } = (await entry.load()).command
  return {
    usage: [commandLine(entry), entry.positionals ?? ''].join(' ').trim(),
    describe: entry.describe,
    names,
    flags: Object.entries(options).map(([name, option]) => flagOf(name, option)),
    examples,
  }
}

function flagOf(name: string, { alias, choices, completes, describe = '', type }: Options): ManualFlag {
  const short = typeof alias === 'string' ? [`-${alias}`] : []
  const value = choices ? choices.join('|') : (completes ?? 'value').toUpperCase()
  return { words: [`--${name}`, ...short], value: type === 'boolean' ? undefined : value, describe }
}
