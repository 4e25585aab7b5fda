/** What a kubelet serves with, and who minds. */
import type { Certificate, CertificateFile } from '../../x509/certificate.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { Severity } from '../finding.ts'
import { type Found, podOf } from '../snapshot.ts'
import type { Observation } from './check.ts'
import { bootstrapsServing, entryOf } from './kubelet-view.ts'
import { APPROVE_SERVING, RESTART, SELF_SIGNED, SERVER } from './kubelet-way-back.ts'

type Source = 'named' | 'rotated' | 'self-signed'

export interface Place {
  readonly source: Source
  readonly name: string
  readonly file: string
  readonly certificate: Found<CertificateFile>
}

/** As the kubelet chooses it: what its configuration names, what it got by a request, what it made for itself. */
export function placeOf(evidence: Evidence): Place {
  const { tlsCertificate, serving } = evidence.kubelet
  if (tlsCertificate) {
    const { file, certificate } = tlsCertificate
    return { source: 'named', name: 'kubelet', file: file.path, certificate }
  }
  const isRotated = bootstrapsServing(evidence) ?? serving.current.is !== 'missing'
  const name = isRotated ? SERVER : SELF_SIGNED
  const { file, certificate } = entryOf(evidence, name)
  return { source: isRotated ? 'rotated' : 'self-signed', name, file: file.path, certificate }
}

export interface Serving extends Place {
  readonly leaf: Certificate
  readonly rest: readonly Certificate[]
}

function servingOf(evidence: Evidence): Serving | undefined {
  const place = placeOf(evidence)
  if (place.certificate.state !== 'present') return undefined
  const [leaf, ...rest] = place.certificate.certificates
  return { ...place, leaf, rest }
}

/** `undefined`: its manifest is not here. */
export function isVerified({ snapshot }: Evidence): boolean | undefined {
  const apiserver = podOf(snapshot, 'kube-apiserver')
  return apiserver?.value.flags.has('kubelet-certificate-authority')
}

/** What it was given by a request the kubelet itself refuses to serve when its time is over. */
function severityFor(evidence: Evidence, { source }: Place): Severity {
  return source === 'rotated' || isVerified(evidence) === true ? 'error' : 'info'
}

function impactFor(evidence: Evidence, { source }: Place): string {
  const fails = 'kubectl logs, exec and port-forward and metrics of this node fail'
  if (source === 'rotated') return `${fails}: the kubelet serves nothing else`
  if (isVerified(evidence) === true)
    return `${fails}: the API server verifies it (--kubelet-certificate-authority)`
  return isVerified(evidence) === false
    ? 'none from this API server, which does not verify it; metrics-server may'
    : 'none unless the API server verifies it (--kubelet-certificate-authority), which is not seen from here'
}

export function remedyFor({ source, file }: Place): string {
  if (source === 'named') return `put a new pair at ${file} (tlsCertFile), then ${RESTART}`
  if (source === 'rotated') return APPROVE
  const key = file.replace(/\.crt$/, '.key')
  return `rm ${shellWord(file)} ${shellWord(key)} && ${RESTART} # it makes a new pair`
}

export const APPROVE = `approve its request, ${APPROVE_SERVING} # each is shown first`

type Wrong = Pick<Observation, 'expected' | 'found'> & Partial<Observation>

export function served(
  evidence: Evidence,
  look: (serving: Serving) => Wrong | undefined,
): readonly Observation[] {
  const serving = servingOf(evidence)
  const wrong = serving && look(serving)
  if (!wrong) return []
  const { name, file } = serving
  return [
    {
      ...{ severity: severityFor(evidence, serving), certificate: name, file },
      ...{ impact: impactFor(evidence, serving), remedy: remedyFor(serving) },
      ...wrong,
    },
  ]
}
