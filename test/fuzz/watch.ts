/** Watches processes that run inputs: one that hangs or dies is replaced by another that goes on behind that input. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Finding, Line } from './child.ts'
import type { Input } from './plan.ts'

/** Milliseconds without a word: far more than the second that is allowed, for machines that are busy. */
const SILENCE = Number(process.env.FUZZ_SILENCE ?? 10_000)
/** MiB: with what is not on the heap it has to stay below 300. */
const HEAP = 160

/** Of a finding the input is kept in a file. */
export interface Kept extends Finding {
  readonly file?: string
}

export interface Watched {
  readonly findings: readonly Kept[]
  /** MiB, of the process that took most. */
  readonly peak: number
}

interface Watch {
  readonly inputs: readonly Input[]
  readonly seed: string
  readonly from: number
  readonly step: number
}

export async function watch({ inputs, seed, from, step }: Watch): Promise<Watched> {
  const findings: Kept[] = []
  let peak = 0
  for (let next = from; next < inputs.length; ) {
    const ran = await runProcess([`${next}`, `${step}`])
    const { target, name } = inputs[ran.at] as Input
    const ending = ran.ending && { target: target.name, name, ...ran.ending }
    for (const finding of [...ran.findings, ...(ending ? [ending] : [])]) {
      const confirmed = await confirm(finding, { inputs, seed, isMade: finding !== ending || ran.isMade })
      if (confirmed) findings.push(confirmed)
    }
    peak = Math.max(peak, ran.peak)
    next = ran.next ?? ran.at + step
  }
  return { findings, peak }
}

/** What may be the fault of the machine, or of what was there before, has to be the same in a process of its own. */
async function confirm(
  finding: Finding,
  { inputs, seed, isMade }: Pick<Watch, 'inputs' | 'seed'> & { readonly isMade: boolean },
): Promise<Kept | undefined> {
  const { target, name, kind } = finding
  if (!isMade) return { ...finding, found: `while the fuzzer made the input: ${finding.found}` }
  const input = inputs.find(one => one.target.name === target && one.name === name) as Input
  const directory = join(tmpdir(), 'kubepki-fuzz-findings')
  const file = join(directory, `${target}--${kind}-${seed}-${name}`)
  mkdirSync(directory, { recursive: true })
  writeFileSync(file, input.bytes())
  if (kind === 'exception' || kind === 'message') return { ...finding, file }
  const { findings, ending } = await runProcess(['alone', target, file])
  const again = findings.find(one => one.kind === kind)
  if (ending?.kind === kind) return { ...finding, ...ending, file }
  return again && { ...again, name, file }
}

async function runProcess(words: readonly string[]) {
  const command = [`--max-old-space-size=${HEAP}`, process.argv[1] as string, ...words]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
  const findings: Finding[] = []
  let last: Line = {}
  let [at, isMade, isHanging, said] = [Number(words[0]), false, false, '']
  const hang = () => {
    isHanging = true
    child.kill('SIGKILL')
  }
  let timer = setTimeout(hang, SILENCE)
  child.stderr.on('data', data => {
    said = `${said}${data}`.slice(0, 4000)
  })
  createInterface({ input: child.stdout }).on('line', text => {
    clearTimeout(timer)
    timer = setTimeout(hang, SILENCE)
    last = JSON.parse(text) as Line
    at = last.at ?? last.making ?? at
    if (last.finding) findings.push(last.finding)
    else isMade = last.making === undefined
  })
  const [code, signal] = await new Promise<[number | null, string | null]>(resolve => {
    child.on('close', (...how) => resolve(how))
  })
  clearTimeout(timer)
  const { next, peak = 0 } = last
  return { at, next, peak, findings, isMade, ending: code === 0 ? undefined : endingOf() }

  function endingOf(): Pick<Finding, 'kind' | 'found'> {
    return isHanging
      ? { kind: 'hang', found: `nothing for ${SILENCE / 1000} s` }
      : { kind: 'death', found: `${signal ?? code} ${said}` }
  }
}
