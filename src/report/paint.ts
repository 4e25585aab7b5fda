/** Colour for a terminal; for a pipe or a file, and with NO_COLOR, every style leaves the text as it is. */
import { styleText } from 'node:util'

export type Style = 'error' | 'warning' | 'info' | 'good' | 'strong' | 'faint'
export type Paint = (style: Style, text: string) => string

const FORMATS: Readonly<Record<Style, Parameters<typeof styleText>[0]>> = {
  error: ['red', 'bold'],
  warning: ['yellow', 'bold'],
  info: 'cyan',
  good: 'green',
  strong: 'bold',
  faint: 'dim',
}

export const PLAIN: Paint = (_, text) => text
const COLOURED: Paint = (style, text) => styleText(FORMATS[style], text, { validateStream: false })

/** Where the output goes, when that is a terminal. */
export interface Terminal {
  /** Characters in a line. */
  readonly columns: number
  readonly hasColour: boolean
}

export function paintFor(terminal: Terminal | undefined): Paint {
  return terminal?.hasColour ? COLOURED : PLAIN
}
