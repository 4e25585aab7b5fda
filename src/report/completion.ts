/** What makes a shell complete the command line, from the rows of the commands. Pure. */

export interface CompletableFlag {
  /** `--output`, `-o` */
  readonly words: readonly string[]
  readonly describe: string
  readonly choices: readonly string[]
  readonly completes?: 'directory' | 'file' | undefined
  readonly takesValue: boolean
}

export interface Completable {
  /** `certs renew`; of a group, `certs`; of the command itself, nothing. */
  readonly line: string
  /** Another word may follow a command's line, but not a group's. */
  readonly isGroup: boolean
  /** What may come next: subcommands or names. */
  readonly words: readonly string[]
  /** What comes next is a file. */
  readonly isFile: boolean
  readonly flags: readonly CompletableFlag[]
}

export interface CompletionTable {
  readonly rows: readonly Completable[]
  /** Other names of the first word: `certificates`, `certs`. */
  readonly aliases: readonly (readonly [alias: string, word: string])[]
}

type CodeOf = (flag: CompletableFlag) => string

const flagWords = ({ flags }: Completable) => flags.flatMap(({ words }) => words)

/** Every flag with a value, so that the value is not taken for a name. */
function valued(rows: readonly Completable[]): string[] {
  const flags = rows.flatMap(row => row.flags).filter(({ takesValue }) => takesValue)
  return [...new Set(flags.flatMap(({ words }) => words))]
}

/** For bash and zsh, of "FLAG LINE ": how each flag's value is completed; by the command too where they differ. */
function valueCases(rows: readonly Completable[], codeOf: CodeOf): string {
  const uses = rows.flatMap(({ line, flags }) => {
    const withValue = flags.filter(({ takesValue }) => takesValue)
    return withValue.flatMap(flag => flag.words.map(word => ({ word, line, code: codeOf(flag) })))
  })
  const differs = (word: string) => new Set(uses.flatMap(use => (use.word === word ? use.code : []))).size > 1
  const cases = [...new Set(uses.map(({ code }) => code))].map(code => {
    const patterns = uses
      .filter(use => use.code === code)
      .map(({ word, line }) => (differs(word) ? `"${word} ${line} "*` : `"${word} "*`))
    return `    ${[...new Set(patterns)].join('|')}) ${code} ;;`
  })
  return cases.join('\n')
}

/** For bash and zsh, of "LINE ". */
function lineCases(rows: readonly Completable[], codeOf: (row: Completable) => string): string {
  return rows.map(row => `    "${row.line} "${row.isGroup ? '' : '*'}) ${codeOf(row)} ;;`).join('\n')
}

const BASH_VALUES = {
  directory: 'compopt -o dirnames; return',
  file: 'compopt -o default; return',
  none: 'return',
} as const

/** The words before the cursor, without flags and their values, are the line. bash makes a word of each "=". */
function bash({ rows, aliases }: CompletionTable): string {
  const values = valueCases(rows, ({ choices, completes }) =>
    choices.length > 0 ? `words='${choices.join(' ')}'` : BASH_VALUES[completes ?? 'none'],
  )
  const lines = lineCases(rows, row => {
    const files = row.isFile ? ' files=1' : ''
    return `words='${row.words.join(' ')}' flags='${flagWords(row).join(' ')}'${files}`
  })
  const replaced = aliases.map(
    ([alias, word]) => `  [[ $line == ${alias}* ]] && line=${word}\${line#${alias}}`,
  )
  return `# bash completion of kubepki; a line for ~/.bashrc: source <(kubepki completion bash)
_kubepki() {
  local cur=\${COMP_WORDS[COMP_CWORD]} line= word= before= words= flags= files=
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == '=' ]] && continue
    case $before in ${valued(rows).join('|')}) before= ; continue ;; esac
    case $word in -*) before=$word ;; *) line+="\${line:+ }$word" before= ;; esac
  done
${replaced.join('\n')}
  [[ $cur == '=' ]] && cur=
  case "$line " in
${lines}
  esac
  [[ $cur == -* ]] && words=$flags
  case "$before $line " in
${values}
  esac
  [[ $files && -z $words ]] && compopt -o default
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _kubepki kubepki
`
}

const ZSH_VALUES = { directory: '_files -/; return', file: '_files; return', none: 'return' } as const

function zsh({ rows, aliases }: CompletionTable): string {
  const values = valueCases(rows, ({ choices, completes }) =>
    choices.length > 0 ? `offered=(${choices.join(' ')}) flags=()` : ZSH_VALUES[completes ?? 'none'],
  )
  const lines = lineCases(rows, row => {
    const files = row.isFile ? ' files=1' : ''
    return `offered=(${row.words.join(' ')}) flags=(${flagWords(row).join(' ')})${files}`
  })
  const replaced = aliases.map(
    ([alias, word]) => `  [[ $line == ${alias}* ]] && line=${word}\${line#${alias}}`,
  )
  return `#compdef kubepki
# zsh completion of kubepki; a line for ~/.zshrc: source <(kubepki completion zsh)
_kubepki() {
  local line= word= before= files=
  local -a offered flags
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case $before in ${valued(rows).join('|')}) before= ; continue ;; esac
    case $word in -*) before=$word ;; *) line+="\${line:+ }$word" before= ;; esac
  done
${replaced.join('\n')}
  if [[ $words[CURRENT] == --*=* ]]; then before=\${words[CURRENT]%%=*}; compset -P 1 '*='; fi
  case "$line " in
${lines}
  esac
  case "$before $line " in
${values}
  esac
  if [[ $PREFIX == -* ]]; then compadd -- $flags
  elif [[ -n $files && -z $offered ]]; then _files
  else compadd -- $offered; fi
}
if [[ $funcstack[1] == _kubepki ]]; then _kubepki "$@"; else compdef _kubepki kubepki; fi
`
}

const FISH_VALUES = {
  directory: "-x -a '(__fish_complete_directories)'",
  file: '-r -F',
  none: '-x',
} as const

/** fish asks for each completion whether its condition holds. */
function fish({ rows, aliases }: CompletionTable): string {
  const replaced = aliases.map(([alias, word]) => `  test "$line[1]" = ${alias}; and set line[1] ${word}`)
  const lines = rows.flatMap(row => {
    const at = `complete -c kubepki -n "__kubepki_at '${row.line} ${row.isGroup ? '' : '*'}'"`
    const words = row.words.length === 0 ? [] : [`${at} -a '${row.words.join(' ')}'`]
    const files = row.isFile ? [`${at} -F`] : []
    return [...words, ...files, ...row.flags.map(flag => `${at} ${fishFlag(flag)}`)]
  })
  return `# fish completion of kubepki; a line for config.fish: kubepki completion fish | source
function __kubepki_at
  set -l line
  set -l before
  for word in (commandline -opc)[2..-1]
    if contains -- "$before" ${valued(rows).join(' ')}
      set before
    else if string match -q -- '-*' $word
      set before $word
    else
      set line $line $word
      set before
    end
  end
${replaced.join('\n')}
  string match -q -- $argv[1] "$line "
end
complete -c kubepki -f
${lines.join('\n')}
`
}

function fishFlag({ words, describe, choices, completes, takesValue }: CompletableFlag): string {
  const names = words.map(word => (word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`))
  const value = choices.length > 0 ? `-x -a '${choices.join(' ')}'` : FISH_VALUES[completes ?? 'none']
  const text = describe.replace(/[\\']/g, '\\$&')
  return [...names, ...(takesValue ? [value] : []), `-d '${text}'`].join(' ')
}

export const COMPLETIONS = { bash, zsh, fish } as const satisfies Record<
  string,
  (table: CompletionTable) => string
>
export type Shell = keyof typeof COMPLETIONS
