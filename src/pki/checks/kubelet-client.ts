/** The certificate that a kubelet signs in with: its dates, and the way back in once it has expired. */
import { impactOf } from '../../inventory/names.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { Check, Observation } from './check.ts'
import { outdated } from './kubelet-conf.ts'
import { clientOf, entryOf, rotates, subjectNamed } from './kubelet-view.ts'
import { CLIENT, CONF, newestUsable, newKubeconfig, wayBack } from './kubelet-way-back.ts'
import { observe } from './subjects.ts'

/** The kubelet asks for the next one when between 70 and 90 % of the life of its certificate are over. */
const ROTATED_BY = 0.9

export const KUBELET_CLIENT_CHECKS: readonly Check[] = [
  {
    code: 'KUBELET_CLIENT_EXPIRED',
    group: 'kubelet',
    severity: 'error',
    title: 'the certificate that the kubelet signs in with has expired',
    needs: ['certificates'],
    remedy: 'a new kubelet.conf by kubeconfig user, or join the node anew',
    find: evidence => {
      const client = clientOf(evidence)
      if (!client || client.leaf.notAfter > evidence.now) return []
      const found = `expired ${span(evidence.now, client.leaf.notAfter)} ago, on ${instant(client.leaf.notAfter)}`
      const expected = `valid at ${instant(evidence.now)}`
      return [observe(evidence, client, { expected, found, remedy: wayBack(evidence) })]
    },
  },
  {
    code: 'KUBELET_CLIENT_NOT_YET_VALID',
    group: 'kubelet',
    severity: 'error',
    title: 'the certificate that the kubelet signs in with is not valid yet',
    needs: ['certificates'],
    remedy: 'check the clock of the node',
    find: evidence => {
      const client = clientOf(evidence)
      if (!client || client.leaf.notBefore <= evidence.now) return []
      const { notBefore } = client.leaf
      const found = `valid in ${span(notBefore, evidence.now)}, from ${instant(notBefore)}`
      const expected = `valid at ${instant(evidence.now)}`
      return [
        observe(evidence, client, { expected, found, remedy: 'timedatectl # check the clock of this node' }),
      ]
    },
  },
  {
    code: 'KUBELET_CLIENT_NOT_ROTATED',
    group: 'kubelet',
    severity: 'warning',
    title: 'the certificate that the kubelet signs in with ends soon, and no new one came',
    needs: ['certificates', 'kubelet'],
    remedy: 'see why in the log of the kubelet and in the list of requests',
    find: notRotated,
  },
  {
    code: 'KUBELET_BOOTSTRAP_MISSING',
    group: 'kubelet',
    severity: 'error',
    title: 'the kubelet cannot sign in, and has nothing to get a new certificate with',
    needs: ['certificates'],
    remedy: 'a new kubelet.conf by kubeconfig user, or join the node anew',
    find: bootstrapMissing,
  },
  {
    code: 'KUBELET_BOOTSTRAP_TOKEN',
    group: 'kubelet',
    severity: 'info',
    title: 'a bootstrap token lies on a node that has joined',
    needs: ['certificates'],
    remedy: 'remove bootstrap-kubelet.conf',
    find: bootstrapToken,
  },
]

function span(later: Date, earlier: Date): string {
  return humanDuration((later.getTime() - earlier.getTime()) / 1000)
}

/** Of the kubelet's own file by its life, as the kubelet reckons; of any other by the time that the user wants to be told of. */
function notRotated(evidence: Evidence): readonly Observation[] {
  const { now, within } = evidence
  const client = clientOf(evidence)
  if (!client || client.leaf.notAfter <= now || client.leaf.notBefore > now) return []
  const { notBefore, notAfter } = client.leaf
  const isRotated = client.name === CLIENT && rotates(evidence) !== false
  const due = isRotated
    ? notBefore.getTime() + ROTATED_BY * (notAfter.getTime() - notBefore.getTime())
    : notAfter.getTime() - within
  if (now.getTime() < due) return []
  return [
    observe(evidence, client, {
      expected: isRotated
        ? `a new one since ${instant(new Date(due))}`
        : `valid for ${humanDuration(within / 1000)}`,
      found: `ends in ${span(notAfter, now)}, on ${instant(notAfter)}`,
      impact: `then ${impactOf(client.name)}`,
      remedy: isRotated
        ? 'journalctl -u kubelet | grep -i certificate; kubectl get csr # see why it is not renewed'
        : newKubeconfig(evidence),
    }),
  ]
}

/** By kubelet.conf, as the kubelet itself: what it refers to may be gone too. */
function bootstrapMissing(evidence: Evidence): readonly Observation[] {
  const { kubelet, now } = evidence
  const conf = entryOf(evidence, CONF)
  const { certificate } = conf
  const isExpired = certificate.state === 'present' && certificate.certificates[0].notAfter <= now
  const isGone = certificate.state === 'invalid' && !NOT_GONE.has(certificate.reason)
  const isEndless = subjectNamed(evidence, CLIENT) !== undefined && outdated(evidence).length > 0
  if (kubelet.bootstrap.state !== 'missing' || isEndless || !(isExpired || isGone)) return []
  if (newestUsable(kubelet.client, now) || isSaidOfClient(evidence)) return []
  return [
    observe(
      evidence,
      { entry: conf, name: CONF, file: kubelet.bootstrap.file.path },
      {
        expected: 'a certificate that is valid, or a bootstrap kubeconfig to get one with',
        found: 'neither: no such file',
        impact: 'the kubelet does not start again: unable to load bootstrap kubeconfig',
        remedy: newKubeconfig(evidence),
      },
    ),
  ]
}

/** What it signs in with has expired, or the link to it leads to nothing: the way back is told there. */
function isSaidOfClient(evidence: Evidence): boolean {
  const client = clientOf(evidence)
  const { certificate } = entryOf(evidence, CLIENT)
  const { current } = evidence.kubelet.client
  const { certificate: referred, certificateFile } = entryOf(evidence, CONF)
  const isExpired = client !== undefined && client.leaf.notAfter <= evidence.now
  const isDangling = certificate.state === 'invalid' && certificate.reason === 'DANGLING_LINK'
  const isLinkGone =
    current.is === 'missing' &&
    certificateFile?.path === current.path &&
    referred.state === 'invalid' &&
    referred.reason === 'REFERENCE_MISSING'
  return isExpired || (isDangling && current.is === 'link') || isLinkGone
}

/** Not seen from here, or no certificate is wanted. */
const NOT_GONE: ReadonlySet<string> = new Set([
  ...['PERMISSION_DENIED', 'IO_ERROR', 'OUTSIDE_ROOT'],
  ...['TOKEN_USER', 'EXEC_USER'],
])

function bootstrapToken(evidence: Evidence): readonly Observation[] {
  const { kubelet, now } = evidence
  const client = clientOf(evidence)
  const hasJoined = client !== undefined && client.leaf.notAfter > now
  if (!kubelet.bootstrap.hasToken || !hasJoined) return []
  return [
    {
      ...{ certificate: CONF, file: kubelet.bootstrap.file.path },
      expected: 'none once the node has joined',
      found: 'a bootstrap token; whether it is still good is not seen from here',
      impact: 'whoever reads it can ask for a certificate of a node while it is good',
      remedy: `rm ${shellWord(kubelet.bootstrap.file.path)}`,
    },
  ]
}
