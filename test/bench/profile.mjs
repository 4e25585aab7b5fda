// npm run bench -- --profile: where the start of `certs check-expiration` goes, module by module, in the bundle on Node.js.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './measure.mjs'

const preload = join(import.meta.dirname, 'modules.cjs')

export function printProfile({ bundle, root, directory, runs }) {
  const report = join(directory, 'modules.json')
  const samples = new Map()
  for (let run = 0; run < runs; run += 1) {
    const argv = ['--require', preload, bundle, 'certs', 'check-expiration', '--root', root]
    const { status, stderr } = spawnSync(process.execPath, argv, {
      encoding: 'utf8',
      env: { ...process.env, MODULES_REPORT: report },
    })
    if (status !== 0) throw new Error(stderr)
    for (const [name, time] of Object.entries(JSON.parse(readFileSync(report, 'utf8'))))
      samples.set(name, [...(samples.get(name) ?? []), time])
  }
  const rows = [...samples].map(([name, times]) => [name, median(times)]).toSorted((a, b) => b[1] - a[1])
  console.log(`\nStart of certs check-expiration, median of ${runs} runs; a module without those it loads\n`)
  console.log('| module | ms |\n|---|---|')
  for (const [name, time] of rows.filter(([, time]) => time >= 0.2))
    console.log(`| ${name} | ${time.toFixed(1)} |`)
}
