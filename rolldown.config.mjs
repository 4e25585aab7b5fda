// The command (CommonJS: Node starts it 15 ms sooner than ES modules) and the library (ES modules).
// What every run needs is one file; what issues certificates is apart and loaded only then.
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

// yargs' import.meta.resolve serves its configuration files, which are not used here.
// yargs asks the terminal's width on import, and that alone loads the network modules (5 ms). We set the width.
const define = { 'process.stdout.columns': 'undefined' }

const shared = {
  transform: { define },
  checks: { emptyImportMeta: false },
  platform: 'node',
  plugins: [replaced],
  logLevel: 'warn',
}
const output = { dir: 'dist', minify: true }

export default defineConfig([
  {
    ...shared,
    input: { kubepki: 'src/main.ts' },
    output: {
      ...output,
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: 'command/[name]-[hash].cjs',
    },
  },
  {
    ...shared,
    input: { index: 'src/index.ts' },
    output: {
      ...output,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'library/[name]-[hash].js',
    },
  },
])
