/** With words: runs the inputs that they name. Without: has them all run, and prints what was found. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type Finding, runInput, runInputs } from './child.ts'
import { type Plan, planOf, settingsFrom, targetNamed } from './plan.ts'
import { type Kept, watch } from './watch.ts'

const [, , first, ...rest] = process.argv
const settings = settingsFrom(process.env)
const plan = planOf(settings)
if (first === undefined) await runAll(plan)
else if (first === 'alone') runAlone(plan, rest as [string, string])
else runInputs(plan, { from: Number(first), step: Number(rest[0]) })

function runAlone({ corpus }: Plan, [name, file]: [string, string]): void {
  runInput(targetNamed(name), corpus, { name, bytes: readFileSync(file) })
}

async function runAll({ inputs }: Plan): Promise<void> {
  const { seed } = settings
  const start = performance.now()
  const step = Math.min(2, availableParallelism())
  const ran = await Promise.all(
    Array.from({ length: step }, (_, from) => watch({ inputs, seed, from, step })),
  )
  const findings = distinct(ran.flatMap(one => one.findings))
  for (const { target, kind, found, file } of findings)
    console.log(`${target}: ${kind}: ${found}\n  input: ${file ?? 'none'}`)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const peak = Math.max(...ran.map(one => one.peak))
  console.log(
    `seed ${seed}: ${inputs.length} inputs, ${findings.length} findings, ${seconds} s, peak ${peak} MiB with the fuzzer's own`,
  )
  process.exitCode = findings.length > 0 ? 1 : 0
}

/** Of findings that look the same the first. */
function distinct(findings: readonly Kept[]): Kept[] {
  return [...new Map(findings.toReversed().map(one => [likenessOf(one), one])).values()].toReversed()
}

function likenessOf({ target, kind, found }: Finding): string {
  const start = kind === 'exception' ? found.split('\n').slice(0, 3).join() : found.slice(0, 40)
  return `${target} ${kind} ${start.replace(/\d+/g, '0')}`
}
