// The command (CommonJS: Node starts it 15 ms sooner than ES modules) and the library (ES modules).
// What every run needs is one file; what issues certificates is apart and loaded only then.
import { defineConfig } from 'rolldown'

// yargs measures help text with string-width, which builds an Intl.Segmenter and emoji tables (40 ms) on import.
// Our help has one column a character.
const plainWidth = {
  name: 'plain-width',
  resolveId: id => (id === 'string-width' ? '\0plain-width' : null),
  load: id => (id === '\0plain-width' ? 'export default text => [...text].length' : null),
}

const shared = { platform: 'node', plugins: [plainWidth], logLevel: 'warn' }
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
