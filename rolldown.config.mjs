// The command (CommonJS: Node starts it 15 ms sooner than ES modules) and the library (ES modules).
// What every run needs is one file, and what `certs check-expiration` needs another, which most commands share: a file
// costs half a millisecond of the start. What issues certificates is apart and loaded only then.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'rolldown'

// What yargs imports and our command line has no use for, at the price of milliseconds on every start:
// string-width builds an Intl.Segmenter and emoji tables (40 ms), and our help has one column a character;
// assert (3 ms) only guards yargs' own arguments.
const REPLACED = {
  'string-width': 'export default text => [...text].length',
  assert:
    'const fail = () => { throw new Error("yargs: assertion failed") }\n' +
    'export const strictEqual = (a, b) => a === b || fail()\nexport const notStrictEqual = (a, b) => a !== b || fail()',
}
const replaced = {
  name: 'replaced',
  resolveId: id => (Object.hasOwn(REPLACED, id) ? `\0${id}` : null),
  load: id => REPLACED[id.slice(1)] ?? null,
}

/** Of a package that is built without its history: unknown. */
function commitOf() {
  const { status, stdout } = spawnSync(
    'git',
    ['describe', '--always', '--dirty', '--abbrev=10', '--exclude=*'],
    {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    },
  )
  return status === 0 ? stdout.trim() : 'unknown'
}

/** The licences of what is bundled, as they ask. */
const licences = folder => ({
  name: 'licences',
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []))
    const roots = new Set(modules.flatMap(id => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []))
    const texts = [...roots].toSorted().map(root => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
      const file = readdirSync(root).find(entry => /^(licen[cs]e|copying)/i.test(entry))
      return `${name} ${version} (${license})\n\n${file ? readFileSync(join(root, file), 'utf8').trim() : ''}\n`
    })
    this.emitFile({
      type: 'asset',
      fileName: `${folder}/THIRD-PARTY-LICENSES.txt`,
      source: texts.join(`\n${'-'.repeat(80)}\n\n`),
    })
  },
})

// yargs asks the terminal's width on import, and that alone loads the network modules (5 ms). We set the width.
const define = { 'process.stdout.columns': 'undefined', KUBEPKI_COMMIT: JSON.stringify(commitOf()) }

const shared = {
  transform: { define },
  // yargs resolves its configuration files with import.meta, and there are none.
  checks: { emptyImportMeta: false },
  // Of a library in both forms the ES modules: of those, what nothing uses is left out.
  resolve: { mainFields: ['module', 'main'] },
  platform: 'node',
  logLevel: 'warn',
}
const output = { dir: 'dist', minify: true }

/** With all that they import; the first has what both need. */
const GROUPS = [
  { name: 'start', test: /src.(main|nearest)\.ts$/, priority: 2 },
  { name: 'node', test: /src.commands.certs.check-expiration\.ts$/, priority: 1 },
]

export default defineConfig([
  {
    ...shared,
    plugins: [replaced, licences('command')],
    input: { kubepki: 'src/main.ts' },
    output: {
      ...output,
      format: 'cjs',
      codeSplitting: { groups: GROUPS },
      entryFileNames: '[name].cjs',
      chunkFileNames: 'command/[name]-[hash].cjs',
    },
  },
  {
    ...shared,
    plugins: [licences('library')],
    input: { index: 'src/index.ts' },
    output: {
      ...output,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'library/[name]-[hash].js',
    },
  },
])
