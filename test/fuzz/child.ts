/** Runs inputs one after the other; says on stdout which one it is at, and what it found. */
import { writeSync } from 'node:fs'
import { flawOf } from './contract.ts'
import type { Corpus } from './corpus.ts'
import type { Input, Plan } from './plan.ts'
import type { Target } from './targets.ts'

export interface Finding {
  readonly target: string
  readonly name: string
  readonly kind: 'exception' | 'slow' | 'memory' | 'message' | 'hang' | 'death'
  readonly found: string
}

/** What a process says, a line each. */
export interface Line {
  /** The fuzzer makes the input with that number. */
  readonly making?: number
  /** The reader has it. */
  readonly at?: number
  readonly finding?: Finding
  /** The next number is somebody else's: past the last one, all is done. */
  readonly next?: number
  /** MiB. */
  readonly peak?: number
}

/** Of the processor's time, so that a busy machine is no fault of a reader. */
const SLOW = 1000
/** KiB, of the whole process. */
const MOST_MEMORY = 300 * 1024
/** What making inputs may leave behind: more would hide what a reader takes. */
const MOST_LEFT = 200 * 1024

const peak = () => process.resourceUsage().maxRSS

/** Number `from`, and every `step`th after it. */
export function runInputs({ corpus, inputs }: Plan, { from, step }: { from: number; step: number }): void {
  let index = from
  for (; index < inputs.length && peak() < MOST_LEFT; index += step) {
    const { target, name, bytes } = inputs[index] as Input
    say({ making: index })
    const made = bytes()
    say({ at: index })
    runInput(target, corpus, { name, bytes: made })
  }
  say({ next: index, peak: Math.round(peak() / 1024) })
}

export function runInput(
  target: Target,
  corpus: Corpus,
  { name, bytes }: { name: string; bytes: Buffer },
): void {
  const report = (kind: Finding['kind'], found: string) =>
    say({ finding: { target: target.name, name, kind, found } })
  const [memory, time] = [peak(), process.cpuUsage()]
  const flaw = flawIn(target, corpus, bytes)
  const { user, system } = process.cpuUsage(time)
  const milliseconds = Math.round((user + system) / 1000)
  if (flaw) report(flaw.kind, flaw.found)
  if (milliseconds > SLOW * (target.reads ?? 1)) report('slow', `${milliseconds} ms`)
  if (peak() > MOST_MEMORY && peak() > memory) report('memory', `${Math.round(peak() / 1024)} MiB`)
}

function flawIn(target: Target, corpus: Corpus, bytes: Buffer): Pick<Finding, 'kind' | 'found'> | undefined {
  try {
    const text = bytes.toString('latin1')
    const found = target
      .run(bytes, corpus)
      .map(message => flawOf(message, text))
      .find(Boolean)
    return found === undefined ? undefined : { kind: 'message', found }
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { kind: 'exception', found: stack.slice(0, 1500) }
  }
}

/** At once, so that it is there when this process is not. */
function say(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}
