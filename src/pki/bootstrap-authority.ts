/** Plans a CA: made where there is none, kept, or refused. A new one beside a cluster that lives is never made. */
import type { CertificateSpec } from '../inventory/catalog.ts'
import { certificateProfile } from '../inventory/profile.ts'
import { authorityOf } from './bootstrap-signer.ts'
import { type BootstrapFacts, type BootstrapStep, existingOf, refuse } from './bootstrap-step.ts'
import { factValues } from './cluster-facts.ts'
import { type Flaw, flawOfAuthority, unusableFile } from './existing.ts'
import { isExternallyManaged } from './external-ca.ts'
import { OTHER_NODES } from './remedies.ts'
import type { Entry, Snapshot } from './snapshot.ts'
import { validityPeriod } from './validity.ts'

/** A key alone never becomes a CA again: what it signed would no longer have a certificate above it. */
export function planAuthority(facts: BootstrapFacts, spec: CertificateSpec, entry: Entry): BootstrapStep {
  const { name, baseName } = spec
  const row = { name, kind: 'ca', baseName } as const
  const { certificate, file, key } = entry
  const unusable = unusableFile(existingOf(facts, entry, false))
  if (unusable) return refuse(row, { ...unusable, hint: `put a good ${file.path} back: ${OTHER_NODES}` })
  if (certificate.state === 'missing') {
    const obstacle = obstacleOf(facts, entry)
    if (obstacle) return refuse(row, obstacle)
    const profile = certificateProfile(spec, factValues(facts.facts))
    const period = validityPeriod(facts.now, facts.newKeys.caValidity.value)
    return { action: 'make', ...row, entry, profile, ...period }
  }
  const flaw = flawOfCa(facts, entry)
  if (flaw) return refuse(row, flaw)
  const expired = flawOfAuthority(entry, facts.now)
  const place = { file: file.path, ...(key && { keyFile: key.path }), isExternal: isExternallyManaged(entry) }
  return { action: 'keep', ...row, ...place, warnings: expired ? [expired.message] : [] }
}

/** What is told of a CA, and stops only what it would have to sign. */
const TIMELY: ReadonlySet<string> = new Set(['CA_EXPIRED', 'CA_NOT_YET_VALID'])

function flawOfCa(facts: BootstrapFacts, entry: Entry): Flaw | undefined {
  const { certificate, file } = entry
  if (isExternallyManaged(entry)) {
    const isCa = certificate.state === 'present' && certificate.certificates.some(one => one.isCa)
    return isCa ? undefined : { message: `${file.path} holds no CA certificate` }
  }
  const state = authorityOf(facts, entry)
  return state.state === 'unusable' && !TIMELY.has(state.problem) ? state : undefined
}

function obstacleOf({ snapshot }: BootstrapFacts, { name, file, key }: Entry): Flaw | undefined {
  if (key && key.state !== 'missing') {
    const message = `${key.path} exists, and its certificate ${file.path} does not`
    return { message, hint: `put ${file.path} back: ${OTHER_NODES}` }
  }
  const copy = `copy ca, front-proxy-ca, etcd/ca and sa from another control-plane node first: ${OTHER_NODES}`
  if (snapshot.configuration?.value.isJoining)
    return {
      message: `${file.path} does not exist, and ${snapshot.configuration.source} is of a node that joins`,
      hint: copy,
    }
  const trusting = name === 'ca' ? trustingFile(snapshot) : undefined
  if (trusting === undefined) return undefined
  const message = `${file.path} does not exist, and ${trusting} trusts a CA already`
  const hint = `put that CA back, or name its directory with --cert-dir or --config; for a new cluster move the old kubeconfigs away: ${OTHER_NODES}`
  return { message, hint }
}

/** A kubeconfig that would no longer work. */
function trustingFile({ entries }: Snapshot): string | undefined {
  const found = entries.find(({ kubeconfig }) => kubeconfig?.certificateAuthority?.state === 'present')
  return found?.file.path
}
