/** What the kubelet serves with: a file that nothing serves is never alarmed about. */
import { describeUnusable } from '../../errors.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { isAnchored } from '../certification-path.ts'
import { nodeNameOfCertificates } from '../discovered-facts.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import { readableNames } from '../names-of-certificate.ts'
import type { Check, Observation } from './check.ts'
import { APPROVE, isVerified, placeOf, remedyFor, served } from './kubelet-served.ts'
import { hasKubelet } from './kubelet-view.ts'
import { APPROVE_SERVING, RESTART } from './kubelet-way-back.ts'

export const KUBELET_SERVING_CHECKS: readonly Check[] = [
  {
    code: 'KUBELET_SERVING_EXPIRED',
    group: 'kubelet',
    severity: 'error',
    title: 'the certificate that the kubelet serves with has expired',
    needs: ['certificates', 'kubelet'],
    remedy: 'approve its request, or remove kubelet.crt and kubelet.key and restart the kubelet',
    find: evidence =>
      served(evidence, ({ leaf }) =>
        leaf.notAfter <= evidence.now
          ? {
              expected: `valid at ${instant(evidence.now)}`,
              found: `expired ${span(evidence.now, leaf.notAfter)} ago, on ${instant(leaf.notAfter)}`,
            }
          : undefined,
      ),
  },
  {
    code: 'KUBELET_SERVING_NOT_YET_VALID',
    group: 'kubelet',
    severity: 'error',
    title: 'the certificate that the kubelet serves with is not valid yet',
    needs: ['certificates', 'kubelet'],
    remedy: 'check the clock of the node',
    find: evidence =>
      served(evidence, ({ leaf }) =>
        leaf.notBefore > evidence.now
          ? {
              expected: `valid at ${instant(evidence.now)}`,
              found: `valid in ${span(leaf.notBefore, evidence.now)}, from ${instant(leaf.notBefore)}`,
              severity: isVerified(evidence) === true ? 'error' : 'info',
              remedy: 'timedatectl # check the clock of this node',
            }
          : undefined,
      ),
  },
  {
    code: 'KUBELET_SERVING_ENDS_SOON',
    group: 'kubelet',
    severity: 'warning',
    title: 'the certificate that the kubelet serves with ends soon',
    needs: ['certificates', 'kubelet'],
    remedy: 'approve its request, or remove kubelet.crt and kubelet.key and restart the kubelet',
    find: endsSoon,
  },
  {
    code: 'KUBELET_SERVING_UNTRUSTED',
    group: 'kubelet',
    severity: 'error',
    title: 'the API server verifies kubelets, and this one serves what it does not accept',
    needs: ['certificates', 'kubelet', 'manifests'],
    remedy: 'serverTLSBootstrap: true, and approve the request',
    find: untrusted,
  },
  {
    code: 'KUBELET_SERVING_MISSING',
    group: 'kubelet',
    severity: 'error',
    title: 'what the kubelet is to serve with is not there',
    needs: ['kubelet'],
    remedy: 'approve its request, or put the file back',
    find: missing,
  },
  {
    code: 'KUBELET_SERVING_NAMES',
    group: 'kubelet',
    severity: 'info',
    title: 'the certificate that the kubelet serves with has neither the name nor an address of the node',
    needs: ['certificates', 'kubelet'],
    remedy: 'have one made with the names of the node',
    find: names,
  },
]

function span(later: Date, earlier: Date): string {
  return humanDuration((later.getTime() - earlier.getTime()) / 1000)
}

/** A rotated one by the kubelet's own reckoning: its next request is out when 90 % of the life are over. */
function endsSoon(evidence: Evidence): readonly Observation[] {
  const { now, within } = evidence
  return served(evidence, ({ source, leaf: { notBefore, notAfter } }) => {
    if (notAfter <= now || notBefore > now) return undefined
    const left = notAfter.getTime() - now.getTime()
    const isRotated = source === 'rotated'
    const isDue = isRotated ? left < (notAfter.getTime() - notBefore.getTime()) / 10 : left <= within
    if (!isDue) return undefined
    const isGrave = isRotated || isVerified(evidence) === true
    return {
      severity: isGrave ? 'warning' : 'info',
      expected: isRotated
        ? 'a new one before 90 % of its life are over'
        : `valid for ${humanDuration(within / 1000)}`,
      found: `ends in ${span(notAfter, now)}, on ${instant(notAfter)}`,
    }
  })
}

function untrusted(evidence: Evidence): readonly Observation[] {
  const { servingAuthority } = evidence.kubelet
  if (servingAuthority?.certificate.state !== 'present') return []
  const { certificates } = servingAuthority.certificate
  return served(evidence, ({ source, leaf, rest }) => {
    if (isAnchored(leaf, certificates, rest)) return undefined
    return {
      severity: 'error',
      expected: `signed by ${servingAuthority.file.path} (--kubelet-certificate-authority)`,
      found: source === 'self-signed' ? 'made by the kubelet for itself' : `issued by ${leaf.issuer}`,
      impact:
        'kubectl logs, exec and port-forward to this node fail: certificate signed by unknown authority',
      remedy:
        source === 'named'
          ? remedyFor(placeOf(evidence))
          : `set serverTLSBootstrap: true in ${evidence.kubelet.configurationFile.path}, ${RESTART}, then approve its request, ${APPROVE_SERVING}`,
    }
  })
}

/** With half a configuration the kubelet does not start; without an answer to its request it serves nothing yet. */
function missing(evidence: Evidence): readonly Observation[] {
  const { source, name, file, certificate } = placeOf(evidence)
  if (!hasKubelet(evidence) || source === 'self-signed') return []
  const isNamed = source === 'named'
  if (certificate.state === 'missing')
    return [
      {
        ...(!isNamed && { severity: 'warning' as const }),
        ...{ certificate: name, file },
        expected: isNamed
          ? 'the certificate that tlsCertFile names'
          : 'a certificate, as serverTLSBootstrap asks for',
        found: isNamed ? 'no such file' : 'none yet: its request may wait for approval',
        impact: isNamed
          ? 'the kubelet does not start'
          : 'kubectl logs and exec, and metrics of this node fail: tls: internal error',
        remedy: isNamed ? `put ${file} back, then ${RESTART}` : APPROVE,
      },
    ]
  if (!isNamed || certificate.state === 'present' || certificate.reason === 'PERMISSION_DENIED') return []
  return [
    {
      ...{ certificate: name, file },
      ...{ expected: 'the certificate that tlsCertFile names', found: describeUnusable(certificate) },
      ...{ impact: 'the kubelet does not start', remedy: `put a good ${file} back, then ${RESTART}` },
    },
  ]
}

function names(evidence: Evidence): readonly Observation[] {
  const { facts, kubelet, snapshot } = evidence
  const said = [nodeNameOfCertificates(snapshot), facts.nodeName, kubelet.hostname]
  const own = said.flatMap(name => name?.value.toLowerCase() ?? [])
  return served(evidence, ({ leaf }) => {
    const all = readableNames(leaf)
    const isKnown = all.some(({ type, value }) => type === 'IP' || own.includes(value.toLowerCase()))
    if (own.length === 0 || isKnown) return undefined
    return {
      severity: 'info',
      expected: `DNS:${own[0]} or an address of this node`,
      found: all.map(({ type, value }) => `${type}:${value}`).join(', ') || 'no names',
      impact: 'whoever verifies the kubelet by its name refuses it',
    }
  })
}
