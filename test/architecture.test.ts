/** The rules of the house, read from the import lines: imports go down, and each library has one door. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../src/version.ts'

const SRC = join(import.meta.dirname, '../src')

/** A file imports from its own room or from one of a lower level. */
const LEVELS: Readonly<Record<string, number>> = {
  'dns-name.ts': 0,
  'errors.ts': 0,
  'abort.ts': 0,
  'foreign-text.ts': 0,
  'ip-address.ts': 0,
  'linear-pattern.ts': 0,
  'nearest.ts': 0,
  'version.ts': 0,
  x509: 1,
  kubernetes: 1,
  inventory: 2,
  pki: 3,
  report: 4,
  store: 4,
  cluster: 4,
  operations: 5,
  commands: 6,
  'usage.ts': 7,
  'cli.ts': 8,
  'index.ts': 7,
  'main.ts': 9,
}

const DOORS: readonly { readonly library: RegExp; readonly only: RegExp }[] = [
  { library: /^(@peculiar\/|reflect-metadata)/, only: /^x509\/provider\.ts$/ },
  { library: /^node:crypto$/, only: /^(x509\/|store\/digest\.ts)/ },
  { library: /^js-yaml$/, only: /^kubernetes\/yaml\.ts$/ },
  { library: /^yargs$/, only: /^(usage|commands\/command)\.ts$/ },
  { library: /^yargs-parser$/, only: /^commands\/arguments\.ts$/ },
  { library: /^ipaddr\.js$/, only: /^ip-address\.ts$/ },
  { library: /^@kubernetes\/client-node$/, only: /^cluster\/access\.ts$/ },
  { library: /^@streamparser\/json$/, only: /^kubernetes\/json-stream\.ts$/ },
  { library: /^re2js$/, only: /^linear-pattern\.ts$/ },
  { library: /^nanotar$/, only: /^report\/request-archive\.ts$/ },
  { library: /^fastest-levenshtein$/, only: /^nearest\.ts$/ },
  { library: /^node:fs/, only: /^(store\/|main\.ts)/ },
  { library: /^node:(tls|net|https?|dgram)$/, only: /^cluster\// },
  { library: /^node:os$/, only: /^store\/machine\.ts$/ },
  {
    library: /^node:child_process$/,
    only: /^(store\/(attributes|signer-command)|cluster\/exec-credential)\.ts$/,
  },
  { library: /^node:process$/, only: /^store\/lock\.ts$/ },
  { library: /^node:v8$/, only: /^main\.ts$/ },
]

/** Words that only the process itself may use. */
const PROCESS = /\bprocess\.\w|\bconsole\.\w|new Date\(\)|Date\.now\(\)|\beval\(|performance\.now/

interface Source {
  readonly file: string
  readonly text: string
  readonly imports: readonly string[]
}

function sources(directory: string): Source[] {
  return readdirSync(directory).flatMap(name => {
    const path = join(directory, name)
    if (statSync(path).isDirectory()) return sources(path)
    const text = readFileSync(path, 'utf8')
    const imports = [...text.matchAll(/(?:from|import\(|^import) ?'([^']+)'/gm)].map(
      ([, specifier]) => specifier as string,
    )
    return [{ file: relative(SRC, path), text, imports }]
  })
}

const roomOf = (file: string): string => file.split('/')[0] as string
const SOURCES = sources(SRC)

describe.each(SOURCES)('$file', ({ file, text, imports }) => {
  it('imports only from its own room or a lower one', () => {
    const level = LEVELS[roomOf(file)]
    expect(level, `${roomOf(file)} is not a room of the house`).toBeDefined()
    const wrong = imports
      .filter(specifier => specifier.startsWith('.'))
      .map(specifier => relative(SRC, join(SRC, dirname(file), specifier)))
      .filter(
        target => roomOf(target) !== roomOf(file) && (LEVELS[roomOf(target)] ?? 99) >= (level as number),
      )
    expect(wrong).toEqual([])
  })

  it('uses a library only through its door', () => {
    const wrong = imports.filter(specifier =>
      DOORS.some(door => door.library.test(specifier) && !door.only.test(file)),
    )
    expect(wrong).toEqual([])
  })

  it('leaves the process, the console and the clock to main.ts', () => {
    if (file !== 'main.ts') expect(text.match(PROCESS)?.[0]).toBeUndefined()
  })

  it('is not larger than a room can bear', () => {
    const lines = text.split('\n').length
    expect(lines).toBeLessThan(file === 'inventory/catalog.ts' ? 400 : 280)
  })
})

it('finds the sources', () => {
  expect(SOURCES.length).toBeGreaterThan(30)
})

it('has the version of package.json', () => {
  const manifest = JSON.parse(readFileSync(join(SRC, '../package.json'), 'utf8')) as { version: string }
  expect(VERSION).toBe(manifest.version)
})
