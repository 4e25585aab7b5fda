/** Which processes of a machine are those of a node. Pure. */
import type { Component } from '../inventory/catalog.ts'
import { parseFlags } from '../kubernetes/static-pod.ts'
import type { RunningProcess } from './live-evidence.ts'
import type { PlacedPod, Snapshot } from './snapshot.ts'

/** As the machine tells of it. */
export interface ProcessFacts {
  readonly pid: number
  /** The program first. */
  readonly words: readonly string[]
  readonly startedAt: Date
  /** It sees the files that we see; absent: it is not told. */
  readonly hasOwnFiles?: boolean
}

const COMPONENTS: ReadonlySet<string> = new Set<Component>([
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
])

/** Of `/` those of its manifests, and of what has none those that see its files; of another tree those that name files in it. */
export function processesOfNode(
  all: readonly ProcessFacts[],
  { pods }: Pick<Snapshot, 'pods'>,
  root: string,
): readonly RunningProcess[] {
  return all.flatMap(facts => {
    const component = facts.words[0]?.split('/').at(-1) as Component
    if (!COMPONENTS.has(component)) return []
    const own = pods.filter(({ value }) => value.component === component)
    const isOurs = root === '/' ? isOfThisHost(facts, own) : namesFilesBelow(facts, root)
    return isOurs ? [{ pid: facts.pid, component, startedAt: facts.startedAt }] : []
  })
}

/** A container sees files of its own: only its command tells whose it is. */
function isOfThisHost(facts: ProcessFacts, pods: readonly PlacedPod[]): boolean {
  return pods.length > 0 ? pods.some(pod => isStartedBy(facts, pod)) : facts.hasOwnFiles !== false
}

/** A flag that names a variable of the container can be anything. */
function isStartedBy({ words }: ProcessFacts, { value }: PlacedPod): boolean {
  const { flags: given } = parseFlags(words.slice(1))
  return [...value.flags].every(([flag, text]) => text.includes('$(') || given.get(flag) === text)
}

function namesFilesBelow({ words }: ProcessFacts, root: string): boolean {
  return words.slice(1).some(word => word.startsWith(`${root}/`) || word.includes(`=${root}/`))
}
