/** Which inputs there are: all of a run's are known before it begins. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BROKEN } from './broken.ts'
import { type Corpus, readCorpus } from './corpus.ts'
import { mutate } from './mutate.ts'
import { TARGETS, type Target } from './targets.ts'

export interface Settings {
  readonly seed: string
  readonly runs: number
  readonly fixtures: string
  /** Of one target alone. */
  readonly only?: string | undefined
  /** The reader with a fault that takes the place of all. */
  readonly broken?: string | undefined
}

export function settingsFrom(environment: NodeJS.ProcessEnv): Settings {
  const { FUZZ_SEED = '1', FUZZ_RUNS = '100000', FUZZ_FIXTURES = '', FUZZ_ONLY, FUZZ_BROKEN } = environment
  return {
    ...{ seed: FUZZ_SEED, runs: Number(FUZZ_RUNS), fixtures: FUZZ_FIXTURES },
    ...{ only: FUZZ_ONLY, broken: FUZZ_BROKEN },
  }
}

export interface Input {
  readonly target: Target
  /** Of a file that was found before, or a number. */
  readonly name: string
  readonly bytes: () => Buffer
}

export interface Plan {
  readonly corpus: Corpus
  readonly inputs: readonly Input[]
}

/** First what was found before, then mutations, target by target. */
export function planOf({ seed, runs, fixtures, only, broken }: Settings): Plan {
  const corpus = readCorpus(fixtures)
  const all = broken === undefined ? TARGETS : BROKEN.filter(({ name }) => name === broken)
  const targets = all.filter(({ name }) => only === undefined || name === only)
  if (targets.length === 0) throw new Error(`no such target: ${only ?? broken}`)
  const whole = targets.reduce((sum, { weight }) => sum + weight, 0)
  const mutated = targets.flatMap(target =>
    Array.from({ length: Math.ceil((runs * target.weight) / whole) }, (_, index) => ({
      target,
      name: `${index}`,
      bytes: () => mutate(corpus(target.corpus), `${seed}/${target.name}/${index}`),
    })),
  )
  return { corpus, inputs: [...foundBefore(join(fixtures, 'fuzz/found'), targets), ...mutated] }
}

/** Files are named by target: `kubeconfig--alias-in-a-key`. */
function foundBefore(directory: string, targets: readonly Target[]): Input[] {
  return readdirSync(directory).flatMap(name =>
    targets
      .filter(target => name.startsWith(`${target.name}--`))
      .map(target => ({ target, name, bytes: () => readFileSync(join(directory, name)) })),
  )
}

export function targetNamed(name: string): Target {
  return [...TARGETS, ...BROKEN].find(one => one.name === name) as Target
}
