import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { COMMANDS, commandLine } from '../../src/commands/index.ts'
import { renderManual } from '../../src/report/manual.ts'
import { kubepki } from '../support/host.ts'

const hasGroff = spawnSync('groff', ['--version']).error === undefined
if (!hasGroff) console.warn('manual: it is not formatted: groff is not installed')

/** As man(1) shows it, but for the width; warnings are failures. */
function formatted(manual: string): string {
  const asked = ['-ww', '-man', '-Tutf8', '-P-cbou', '-rLL=1000n']
  const { stdout, stderr } = spawnSync('groff', asked, { input: manual, encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout
}

const page = async () => (await kubepki('manual', '--now', '2026-12-01T00:00:00Z')).stdout

describe.skipIf(!hasGroff)('kubepki(1), formatted', () => {
  it('has every command, its flags with their descriptions, its names and its examples as they are typed', async () => {
    const text = formatted(await page())
    const sections = text.split(/^ {3}(?=kubepki )/m).slice(1)
    expect(sections).toHaveLength(COMMANDS.length)
    for (const [index, entry] of COMMANDS.entries()) {
      const { options, names, examples } = (await entry.load()).command
      const [heading, ...section] = (sections[index] ?? '').split('\n').map(line => line.trim())
      expect(heading).toBe([commandLine(entry), entry.positionals ?? ''].join(' ').trim())
      expect(section[0]).toBe(`${entry.describe}.`)
      if (names) expect(section).toContain(`${names}.`)
      for (const [name, { alias, describe: said }] of Object.entries(options)) {
        const wanted = alias ? `--${name}, -${alias}` : `--${name}`
        expect(section.find(line => line.split(/ (?!-)/)[0] === wanted)).toBeDefined()
        // A flag that is shorter than the indentation has it on its own line.
        expect(section.map(line => line.replace(/^--[\w-]+(, -\w)? +/, ''))).toContain(said)
      }
      for (const { command } of examples) expect(section).toContain(command)
    }
  })

  it('has its name, version and date, and every section', async () => {
    const text = formatted(await page())
    expect(text).toMatch(/^ *kubepki - the certificates/m)
    expect(text).toMatch(/kubepki \d+\.\d+\.\d+ +2026-12-01 +KUBEPKI\(1\)\n*$/)
    expect(text.match(/^[A-Z][A-Z ]+$/gm)).toEqual([
      ...['NAME', 'SYNOPSIS', 'DESCRIPTION', 'COMMANDS', 'EXIT STATUS', 'FILES', 'SEE ALSO'],
    ])
  })

  it('changes no character', () => {
    const odd = `.dot 'quote' "double" \\back\\(slash ~/tilde ^caret \`tick\` -dash --flag`
    const command = {
      usage: 'kubepki odd',
      describe: odd,
      flags: [],
      examples: [{ command: odd, does: odd }],
    }
    const manual = renderManual({ version: '1', date: '2026-12-01', commands: [command] })
    const lines = formatted(manual).split('\n')
    expect(lines.map(line => line.trim())).toEqual(expect.arrayContaining([`${odd}.`, `${odd}:`, odd]))
    // Not every groff makes other characters of them.
    expect(manual).not.toMatch(/['`^~]/)
  })
})
