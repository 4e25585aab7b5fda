/** Markdown that says what a file said, whatever that was. */
import { visible } from './printable.ts'

/** A code span, for a table too: nothing in it means anything. */
export function code(text: string): string {
  if (text === '') return 'empty'
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const space = /^`|`$|^ .* $/.test(text) ? ' ' : ''
  return `${fence}${space}${visible(text).replaceAll('|', '\\|')}${space}${fence}`
}

export function codes(texts: readonly string[]): string {
  return texts.length === 0 ? 'none' : texts.map(code).join(', ')
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

export function list(items: readonly string[]): string {
  return items.map(item => `- ${item}`).join('\n')
}

/** For a shell, to be copied. */
export function script(...lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n')
}

/** A file that the shell writes, its contents taken as they are. */
export function fileByShell(name: string, lines: readonly string[]): string[] {
  return [`cat > ${name} <<'END'`, ...lines, 'END']
}
