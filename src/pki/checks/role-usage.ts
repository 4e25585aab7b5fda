/** What a certificate may be used for: whoever is shown one that may not is to refuse it. */
import { CERTIFICATES, type CertificateSpec } from '../../inventory/catalog.ts'
import { impactOf } from '../../inventory/names.ts'
import { extKeyUsageOf } from '../../x509/certificate.ts'
import { keyUsageOf } from '../../x509/usage.ts'
import type { Evidence } from '../evidence.ts'
import type { Severity } from '../finding.ts'
import { podOf } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'
import { remakeOf } from './commands.ts'
import { leavesOf, type Subject } from './subjects.ts'

const SPECS: readonly CertificateSpec[] = CERTIFICATES

/** A kubeconfig's is a client's. */
function wantedUsages({ name, entry }: Subject): readonly string[] {
  if (entry.kind === 'kubeconfig') return ['clientAuth']
  return SPECS.find(spec => spec.name === name)?.extKeyUsage ?? []
}

interface LackingUsages {
  readonly severity: Severity
  readonly lacking: readonly string[]
  readonly impact: string
}

/** etcd 3.5 can be given another certificate to be its own client with. */
function lackingUsages({ snapshot }: Evidence, subject: Subject): LackingUsages | undefined {
  const usages = extKeyUsageOf(subject.leaf)
  const lacking = wantedUsages(subject).filter(usage => usages?.includes(usage) === false)
  if (lacking.length === 0) return undefined
  const isForItself = subject.name === 'etcd-server' && !lacking.includes('serverAuth')
  if (!isForItself) return { severity: 'error', lacking, impact: impactOf(subject.name) }
  const etcd = podOf(snapshot, 'etcd')
  if (etcd?.value.flags.has('client-cert-file')) return undefined
  const impact = 'etcd refuses its own gateway, its client by HTTP, and its log fills with that'
  return { severity: 'warning', lacking, impact }
}

const GROUP = { group: 'role', needs: ['certificates'] } as const
const REMAKE = 'init phase certs NAME, the old pair moved away; of an external CA: have it signed again'

const about = (
  evidence: Evidence,
  { entry, name, file }: Subject,
): Omit<Observation, 'expected' | 'found'> => ({
  ...{ certificate: name, file, impact: impactOf(name), remedy: remakeOf(evidence, entry) },
})

export const USAGE_CHECKS: readonly Check[] = [
  {
    code: 'EXT_KEY_USAGE_WRONG',
    ...GROUP,
    severity: 'error',
    title: 'a certificate may not be used for what it is there for',
    remedy: REMAKE,
    find: evidence =>
      leavesOf(evidence).flatMap(subject => {
        const { lacking, ...rest } = lackingUsages(evidence, subject) ?? {}
        if (!lacking) return []
        const found = extKeyUsageOf(subject.leaf)?.join(', ') || 'none that can be read'
        const expected = `extended key usage ${wantedUsages(subject).join(', ')}`
        return { ...about(evidence, subject), ...rest, expected, found }
      }),
  },
  {
    code: 'EXT_KEY_USAGE_ABSENT',
    ...GROUP,
    severity: 'info',
    title: 'a certificate has no extended key usage: it is good for every use',
    remedy: REMAKE,
    find: evidence =>
      leavesOf(evidence)
        .filter(subject => extKeyUsageOf(subject.leaf) === undefined)
        .map(subject => ({
          ...about(evidence, subject),
          expected: `extended key usage ${wantedUsages(subject).join(', ')}`,
          found: 'none, or any',
          impact: 'whoever has its key can be client and server with it',
        })),
  },
  {
    code: 'KEY_USAGE_WRONG',
    ...GROUP,
    severity: 'warning',
    title: "a certificate's key may not make the signatures of TLS",
    remedy: REMAKE,
    find: evidence =>
      leavesOf(evidence).flatMap(subject => {
        const usages = keyUsageOf(subject.leaf)
        if (!usages || usages.includes('digitalSignature')) return []
        const found = usages.join(', ') || 'none that can be read'
        const impact = 'Kubernetes itself does not look; browsers, Java and GnuTLS refuse it'
        return { ...about(evidence, subject), expected: 'key usage digitalSignature', found, impact }
      }),
  },
]
