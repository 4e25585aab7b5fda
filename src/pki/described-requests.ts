/** What making the requests of a node comes to, for people and programs. */
import type { RequestStep } from './bootstrap-requests.ts'
import type { BootstrapFailure } from './bootstrap-result.ts'
import type { BootstrapFacts } from './bootstrap-step.ts'
import { endpointWarnings } from './cluster-facts.ts'
import {
  assumedVersion,
  factSources,
  failuresOf,
  nameValues,
  OF_VERSION,
  subjectText,
} from './described-bootstrap.ts'
import type { RequestPaperwork } from './renewal-result.ts'
import { entryNamed } from './snapshot.ts'
import type { SourceFact } from './sources.ts'

export interface RequestRow {
  readonly name: string
  readonly kind: 'leaf' | 'kubeconfig'
  /** As kubeadm's lines call it: `etcd/server`, `admin.conf`. */
  readonly baseName: string
  /** Who has to sign it. */
  readonly caName: string
  readonly csrFile: string
  /** Of a kubeconfig, the kubeconfig itself. */
  readonly keyFile: string
  /** RFC 4514, most specific first. */
  readonly subject: string
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly extKeyUsage: readonly string[]
}

export interface RequestsResult extends RequestPaperwork {
  readonly dryRun: boolean
  readonly changed: boolean
  readonly certDir: string
  readonly kubeconfigDir: string
  readonly requests: readonly RequestRow[]
  /** Any of them: nothing was changed. */
  readonly failures: readonly BootstrapFailure[]
  readonly backup?: string | undefined
  readonly sources: readonly SourceFact[]
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
}

type Described = Omit<RequestsResult, 'dryRun' | 'certDir' | 'kubeconfigDir' | 'backup'>

export function describeRequests(steps: readonly RequestStep[], facts: BootstrapFacts): Described {
  const failures = failuresOf(
    steps.filter(step => step.action === 'refuse'),
    facts,
  )
  const isFailed = failures.length > 0
  const requests = steps.filter(step => step.action === 'request')
  return {
    changed: !isFailed && requests.length > 0,
    requests: isFailed ? [] : requests.map(rowOf),
    failures,
    sources: factSources(facts),
    notes: requests.some(({ name }) => OF_VERSION.has(name)) ? assumedVersion(facts) : [],
    warnings: [
      ...facts.snapshot.warnings,
      ...endpointWarnings(facts.snapshot, facts.facts),
      ...warningsOfTrust(steps, facts),
    ],
  }
}

function rowOf(step: Exclude<RequestStep, { action: 'refuse' }>): RequestRow {
  const { name, kind, baseName, caName, csr, profile } = step
  return {
    ...{ name, kind, baseName, caName },
    csrFile: csr.path,
    keyFile: step.kind === 'leaf' ? step.key.path : step.kubeconfig.path,
    subject: subjectText(profile),
    ...nameValues(profile),
    extKeyUsage: profile.extKeyUsage,
  }
}

/** kubeadm leaves it out, and then refuses the kubeconfigs. */
function warningsOfTrust(steps: readonly RequestStep[], { snapshot }: BootstrapFacts): string[] {
  if (!steps.some(({ kind }) => kind === 'kubeconfig')) return []
  const authority = entryNamed(snapshot, 'ca')
  if (authority?.certificate.state === 'present') return []
  return [`${authority?.file.path} is not here: the kubeconfigs have no certificate-authority-data yet`]
}
