/** Who signs a new certificate, what it is made from, and how long it is valid. */
import type { CertificateSpec } from '../inventory/catalog.ts'
import { type NodeDependent, nodeFactsOf } from '../inventory/profile.ts'
import { type AuthorityState, assessAuthority } from './authority.ts'
import type { BootstrapFacts, BootstrapStep, Signer } from './bootstrap-step.ts'
import { factValues, missingFacts } from './cluster-facts.ts'
import type { Flaw } from './existing.ts'
import { type Entry, entryNamed } from './snapshot.ts'
import { type ValidityPeriod, validityPeriod } from './validity.ts'

export function authorityOf({ keys, now }: BootstrapFacts, entry: Entry): AuthorityState {
  return assessAuthority(entry, keys.get(entry.name) ?? { state: 'missing' }, now)
}

export function lackingFacts(
  { facts }: BootstrapFacts,
  spec: NodeDependent & { readonly name: string },
): Flaw | undefined {
  const missing = missingFacts(facts, nodeFactsOf(spec, factValues(facts)))
  if (missing.length === 0) return undefined
  const flags = missing.map(({ flag }) => `--${flag}`).join(' and ')
  const fields = missing.map(({ field }) => field).join(' and ')
  return {
    message: `${spec.name} needs ${missing.map(({ fact }) => WORDS[fact]).join(' and ')}, and nothing says it`,
    hint: `give ${flags}, or ${fields} in the InitConfiguration of --config`,
  }
}

const WORDS = { nodeName: "the node's name", advertiseAddress: "the node's address" } as const

export function signerFor(
  facts: BootstrapFacts,
  { caName }: CertificateSpec,
  before: readonly BootstrapStep[],
): Signer | Flaw {
  const step = before.find(({ name }) => name === caName)
  if (step?.action === 'refuse') return { message: `${caName} cannot be used` }
  if (step?.action === 'make' && step.kind === 'ca') return { state: 'made', step }
  const entry = entryNamed(facts.snapshot, caName) as Entry
  const state = authorityOf(facts, entry)
  if (state.state === 'local') return state
  if (state.state === 'unusable' && state.problem === 'CA_CERTIFICATE_MISSING') {
    return {
      message: state.message,
      hint: `make the CA first: kubepki init phase certs ${caName}${facts.snapshot.commandFlags}`,
    }
  }
  return state.state === 'unusable' ? state : keyIsElsewhere(entry)
}

export function keyIsElsewhere({ key, file }: Entry): Flaw {
  const message = `the CA's key is not here: ${key?.path ?? file.path} does not exist`
  return { message, isToBeRequested: true }
}

/** Never longer than its CA. */
export function leafPeriod({ now, newKeys }: BootstrapFacts, signer: Signer): ValidityPeriod {
  const ends = signer.state === 'made' ? signer.step.notAfter : signer.certificate.notAfter
  return validityPeriod(now, newKeys.validity.value, ends)
}
