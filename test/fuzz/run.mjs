// Mutations of our own: Jazzer.js is a hundred packages and a native library, and its feedback does not see into OpenSSL, where
// half of the readers' work is done; fast-check makes values, and shrinks them, but has no mutations of DER, PEM and YAML.
//
// Bundles the fuzzer, which Node cannot run from its sources, and starts it. FUZZ_RUNS, FUZZ_SEED and FUZZ_ONLY are its settings.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const directory = mkdtempSync(join(tmpdir(), 'kubepki-fuzz-'))
try {
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'main.ts'),
    platform: 'node',
    logLevel: 'warn',
    transform: { define: { KUBEPKI_COMMIT: '""' } },
  })
  const file = join(directory, 'fuzz.mjs')
  await bundle.write({ file, format: 'esm' })
  await bundle.close()
  const fixtures = join(import.meta.dirname, '../../fixtures')
  const env = { ...process.env, FUZZ_FIXTURES: fixtures, FUZZ_DIRECTORY: directory }
  process.exitCode = spawnSync(process.execPath, [file], { stdio: 'inherit', env }).status ?? 1
} finally {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
}
