import { EXIT, PkiError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { COMPLETIONS, type Completable, type CompletableFlag, type Shell } from '../report/completion.ts'
import { defineCommand, type Options } from './command.ts'
import { COMMANDS, GROUPS } from './index.ts'

const SHELLS = Object.keys(COMPLETIONS) as Shell[]

export const command = defineCommand({
  names: `One of: ${SHELLS.join(', ')}`,
  nameChoices: SHELLS,
  options: {},
  examples: [
    { command: 'source <(kubepki completion bash)', does: 'in this shell, or in ~/.bashrc' },
    {
      command: 'kubepki completion zsh > ~/.zfunc/_kubepki',
      does: 'for every zsh with ~/.zfunc in its fpath',
    },
    { command: 'kubepki completion fish | source', does: 'in this shell, or in config.fish' },
  ],
  run: async ({ names = [] }, host) => {
    const [asked = '', ...rest] = names
    const shell = SHELLS.find(one => one === asked)
    if (!shell || rest.length > 0) {
      const near = nearest(asked, SHELLS)
      const hint = near === undefined ? undefined : `did you mean ${near}?`
      throw new PkiError('USAGE', `wanted one of ${SHELLS.join(', ')}, found "${names.join(' ')}"`, { hint })
    }
    host.stdout(COMPLETIONS[shell]({ rows: await completableRows(), aliases: ALIASES }))
    return EXIT.done
  },
})

const GLOBAL: readonly CompletableFlag[] = [
  { words: ['--help', '-h'], describe: 'Show help', choices: [], takesValue: false },
  { words: ['--version'], describe: 'Show the version', choices: [], takesValue: false },
]

/** Only groups of one word have any. */
const ALIASES = GROUPS.flatMap(({ words: [word = ''], aliases }) =>
  aliases.map(alias => [alias, word] as const),
)

/** The command itself, its groups, and every command. */
async function completableRows(): Promise<Completable[]> {
  const groups = [[], ...GROUPS.map(({ words }) => words)].map(path => ({
    line: path.join(' '),
    isGroup: true,
    words: wordsBelow(path),
    isFile: false,
    flags: GLOBAL,
  }))
  const commands = COMMANDS.map(async ({ words, load }) => {
    const { options, nameChoices, namesComplete } = (await load()).command
    const flags = Object.entries(options).map(([name, option]) => flagOf(name, option))
    const isFile = namesComplete === 'file'
    return { line: words.join(' '), isGroup: false, words: nameChoices, isFile, flags: [...flags, ...GLOBAL] }
  })
  return [...groups, ...(await Promise.all(commands))]
}

function wordsBelow(path: readonly string[]): string[] {
  const below = [...GROUPS, ...COMMANDS].filter(
    ({ words }) => words.length === path.length + 1 && path.every((word, index) => word === words[index]),
  )
  return below.map(({ words }) => words.at(-1) as string)
}

function flagOf(
  name: string,
  { alias, choices = [], completes, describe = '', type }: Options,
): CompletableFlag {
  const short = typeof alias === 'string' ? [`-${alias}`] : []
  return {
    words: [`--${name}`, ...short],
    describe,
    choices: choices.map(String),
    completes,
    takesValue: type !== 'boolean',
  }
}
