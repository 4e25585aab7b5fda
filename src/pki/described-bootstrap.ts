/** What making a node's files comes to, for people and programs. */
import { CERTIFICATES, KUBECONFIGS, type SubjectSpec } from '../inventory/catalog.ts'
import type { CertificateProfile } from '../x509/profile.ts'
import type {
  BootstrapFailure,
  BootstrapResult,
  BootstrapRow,
  CreatedCertificate,
} from './bootstrap-result.ts'
import type {
  BootstrapFacts,
  BootstrapStep,
  MakeServiceAccount,
  MakeStep,
  RefuseStep,
} from './bootstrap-step.ts'
import { endpointWarnings } from './cluster-facts.ts'
import { instant } from './instant.ts'
import { planRestart, type RestartPlan } from './restart.ts'
import { type SourceFact, sourceFacts } from './sources.ts'

type Described = Pick<BootstrapResult, 'changed' | 'files' | 'failures' | 'warnings' | 'restart' | 'reloads'>

export function describeSteps(steps: readonly BootstrapStep[], facts: BootstrapFacts): Described {
  const failures = failuresOf(
    steps.filter(step => step.action === 'refuse'),
    facts,
  )
  const isFailed = failures.length > 0
  return {
    changed: !isFailed && steps.some(({ action }) => action === 'make'),
    files: isFailed ? [] : steps.flatMap(step => (step.action === 'refuse' ? [] : rowOf(step, facts))),
    failures,
    ...restartOf(steps, facts),
    warnings: [
      ...facts.snapshot.warnings,
      ...(steps.some(isAtEndpoint) ? endpointWarnings(facts.snapshot, facts.facts) : []),
      ...steps.flatMap(({ name, warnings }) => warnings.map(warning => `${name}: ${warning}`)),
    ],
  }
}

/** One hint for all that a CA elsewhere has to be asked for. */
export function failuresOf(refused: readonly RefuseStep[], { snapshot }: BootstrapFacts): BootstrapFailure[] {
  const asked = refused.filter(({ isToBeRequested }) => isToBeRequested).map(({ name }) => name)
  const request = `kubepki certs generate-csr ${asked.join(' ')}${snapshot.commandFlags} makes what the CA elsewhere has to sign`
  return refused.map(({ name, message, hint, isToBeRequested }) => {
    return { name, message, hint: isToBeRequested ? request : hint }
  })
}

/** A new node has nothing to restart yet. */
function restartOf(steps: readonly BootstrapStep[], { snapshot }: BootstrapFacts): RestartPlan {
  const made = steps.flatMap(({ action, name }) => (action === 'make' ? name : []))
  return planRestart(snapshot, snapshot.pods.length > 0 ? made : [])
}

/** Has the cluster's endpoint in it. */
function isAtEndpoint({ action, name, kind }: BootstrapStep): boolean {
  return action === 'make' && (kind === 'kubeconfig' || name === 'apiserver')
}

const ACTIONS = { make: 'created', keep: 'kept', skip: 'skipped' } as const

function rowOf(step: Exclude<BootstrapStep, { action: 'refuse' }>, facts: BootstrapFacts): BootstrapRow {
  const { name, kind, baseName } = step
  const row = { name, kind, baseName, action: ACTIONS[step.action], externallyManaged: false }
  if (step.action === 'skip') return row
  if (step.action === 'keep') {
    const { file, keyFile, isExternal } = step
    return { ...row, externallyManaged: isExternal, file, ...(keyFile !== undefined && { keyFile }) }
  }
  return { ...row, ...made(step, facts) }
}

function made(step: MakeStep, { newKeys }: BootstrapFacts): Partial<BootstrapRow> {
  if (step.kind === 'sa') {
    const { publicKey, privateKey, key } = step.files
    const action = key.state === 'missing' ? 'created' : 'kept'
    return { action, file: publicKey.path, keyFile: privateKey.path }
  }
  const { file, key } = step.entry
  const created = createdCertificate(step, newKeys.algorithm.value)
  return {
    file: file.path,
    keyFile: (step.kind === 'kubeconfig' ? undefined : key?.path) ?? file.path,
    created,
  }
}

function createdCertificate(
  step: Exclude<MakeStep, MakeServiceAccount>,
  keyAlgorithm: string,
): CreatedCertificate {
  const { profile, notAfter, entry } = step
  return {
    subject: subjectText(profile),
    caName: entry.caName ?? null,
    ...nameValues(profile),
    isServing: profile.extKeyUsage.includes('serverAuth'),
    expirationDate: instant(notAfter),
    keyAlgorithm,
    ...(step.kind === 'kubeconfig' && { server: step.server }),
  }
}

export function subjectText({ commonName, organizations }: CertificateProfile): string {
  return [`CN=${commonName}`, ...organizations.map(value => `O=${value}`)].join(',')
}

export function nameValues({ subjectAltName }: CertificateProfile) {
  const named = (type: 'DNS' | 'IP') => subjectAltName.flatMap(name => (name.type === type ? name.value : []))
  return { dnsNames: named('DNS'), ipAddresses: named('IP') }
}

/** What was taken for granted where nobody said it, and where it makes a difference. */
export function notesOf(steps: readonly BootstrapStep[], facts: BootstrapFacts): string[] {
  return steps.some(isOfVersion) ? assumedVersion(facts) : []
}

export function assumedVersion({ facts: { kubernetesVersion } }: BootstrapFacts): string[] {
  if (kubernetesVersion.source !== 'default') return []
  const { value } = kubernetesVersion
  return [
    `nothing says which Kubernetes this is: organizations as of ${value}, with which the API server of one before 1.33.12 may not reach its kubelets; --kubernetes-version says it`,
  ]
}

/** Rows that kubeadm has made in more than one way. */
const SPECS: readonly (SubjectSpec & { name: string; since?: string })[] = [...CERTIFICATES, ...KUBECONFIGS]
export const OF_VERSION: ReadonlySet<string> = new Set(
  SPECS.flatMap(({ name, organizations = [], since }) =>
    organizations.length > 1 || since !== undefined ? name : [],
  ),
)

function isOfVersion({ action, name }: BootstrapStep): boolean {
  return action === 'make' && OF_VERSION.has(name)
}

/** Where every fact came from, for `-v` and JSON. */
export function factSources({ snapshot, facts, newKeys }: BootstrapFacts): SourceFact[] {
  const days = (milliseconds: number) => `${milliseconds / 86_400_000} d`
  return [
    ...sourceFacts(snapshot),
    ...Object.entries(facts).flatMap(([fact, { value, source }]) => {
      const text = textOf(value)
      return text === '' ? [] : { fact, value: text, source }
    }),
    { fact: 'encryption algorithm', ...newKeys.algorithm },
    { fact: 'validity', value: days(newKeys.validity.value), source: newKeys.validity.source },
    { fact: 'CA validity', value: days(newKeys.caValidity.value), source: newKeys.caValidity.source },
  ]
}

function textOf(value: unknown): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.join(', ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.values(value).join(':')
}
