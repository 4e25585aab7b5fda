/** Whether anybody expects a machine that asks to join: the Machines of a cloud, or an inventory by hand. Pure. */
import { humanDuration } from '../../kubernetes/duration.ts'
import type { MachineObject } from '../../kubernetes/machine-object.ts'
import { hasInventory, machinesNamed, nodeNamed } from './peers.ts'
import { bad, type CsrFacts, type Finding, good } from './rule.ts'
import { quoted } from './words.ts'

/** Milliseconds by which a request may be older than its Machine, by their clocks. */
const SKEW = 10_000

/** Undefined: neither Machines nor an inventory are known. `window`: how long after its Machine was made a node may ask. */
export function expectation(facts: CsrFacts, name: string, window: number): Finding | undefined {
  if ((facts.machines ?? []).length === 0 && !hasInventory(facts)) return undefined
  if (nodeNamed(facts, name)?.isExpected) return good('in the inventory')
  const [machine, ...others] = machinesNamed(facts, name)
  if (others.length > 0) return bad(`several Machines have the name ${quoted(name)}`)
  if (!machine) return bad(`no Machine has ${quoted(name)} as InternalDNS or Hostname, nor has an inventory`)
  return machine.nodeName === undefined
    ? timing(facts, machine, window)
    : bad(`the Machine ${quoted(machine.name)} has its Node already: ${quoted(machine.nodeName)}`)
}

function timing({ csr }: CsrFacts, machine: MachineObject, window: number): Finding {
  const [asked, made] = [csr.creationTimestamp?.getTime(), machine.creationTimestamp?.getTime()]
  if (!Number.isFinite(window)) return good(`the Machine ${quoted(machine.name)} awaits it`)
  if (asked === undefined || made === undefined)
    return bad(`when the Machine ${quoted(machine.name)} and the request were made is not said`)
  const after = asked - made
  if (after < -SKEW) return bad(`the request is older than the Machine ${quoted(machine.name)}`)
  const words = humanDuration(Math.max(0, Math.floor(after / 1000)))
  return after <= window
    ? good(`the Machine ${quoted(machine.name)} awaits it, made ${words} before`)
    : bad(
        `the Machine ${quoted(machine.name)} was made ${words} before, wanted at most ${humanDuration(window / 1000)}`,
      )
}
