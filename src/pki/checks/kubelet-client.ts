/** The certificate that a kubelet signs in with: its dates, and where kubelet.conf leads. */
import { named } from '../../foreign-text.ts'
import { impactOf } from '../../inventory/names.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import { type Certificate, isSameCertificate } from '../../x509/certificate.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { Check, Observation } from './check.ts'
import {
  CLIENT,
  CONF,
  clientOf,
  entryOf,
  fileOf,
  hasKubelet,
  newestUsable,
  newKubeconfig,
  onNode,
  rotates,
  subjectNamed,
  wayBack,
} from './kubelet-view.ts'
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
    remedy: 'init phase kubeconfig kubelet, or join the node anew',
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
        observe(evidence, client, { expected, found, remedy: 'check the clock of this node: timedatectl' }),
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
    code: 'KUBELET_CONF_OUTDATED',
    group: 'kubelet',
    severity: 'error',
    title: 'kubelet.conf has an older certificate than the one that the kubelet has rotated to',
    needs: ['certificates'],
    remedy: 'let kubelet.conf refer to kubelet-client-current.pem',
    find: outdated,
  },
  {
    code: 'KUBELET_CONF_PINNED',
    group: 'kubelet',
    severity: 'warning',
    title: 'kubelet.conf refers to a file that the rotation does not replace',
    needs: ['certificates'],
    remedy: 'let kubelet.conf refer to kubelet-client-current.pem',
    find: pinned,
  },
  {
    code: 'KUBELET_CONF_MISSING',
    group: 'kubelet',
    severity: 'error',
    title: 'a kubelet is here without its kubelet.conf',
    needs: ['certificates'],
    remedy: 'init phase kubeconfig kubelet, or join the node anew',
    find: confMissing,
  },
  {
    code: 'KUBELET_BOOTSTRAP_MISSING',
    group: 'kubelet',
    severity: 'error',
    title: 'the kubelet cannot sign in, and has nothing to get a new certificate with',
    needs: ['certificates'],
    remedy: 'init phase kubeconfig kubelet, or join the node anew',
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
        ? `see why it is not renewed: journalctl -u kubelet | grep -i certificate; kubectl get csr`
        : newKubeconfig(evidence),
    }),
  ]
}

function isOlder(one: Certificate, other: Certificate): boolean {
  return !isSameCertificate(one, other) && one.notAfter < other.notAfter
}

/** At its start the kubelet judges itself by the certificate in kubelet.conf: once that has expired, it stops. */
function outdated(evidence: Evidence): readonly Observation[] {
  const { now, within } = evidence
  const conf = subjectNamed(evidence, CONF)
  const current = subjectNamed(evidence, CLIENT)
  if (!conf || !current || !isOlder(conf.leaf, current.leaf)) return []
  const { notAfter } = conf.leaf
  const isDue = notAfter.getTime() - now.getTime() <= within
  const place = conf.entry.certificateFile ? `that of ${conf.file}` : 'embedded'
  return [
    {
      severity: isDue ? 'error' : 'warning',
      ...{ certificate: CONF, file: conf.entry.file.path },
      expected: `a reference to ${onNode(current.file)}, which ends on ${instant(current.leaf.notAfter)}`,
      found: `${place}, an older certificate which ${notAfter <= now ? 'ended' : 'ends'} on ${instant(notAfter)}`,
      impact: `${notAfter <= now ? 'the kubelet will not start again' : 'from then on the kubelet does not start'}: unable to load bootstrap kubeconfig`,
      remedy: referring(evidence),
    },
  ]
}

/** kubectl takes the embedded data out where it puts a path in. */
function referring(evidence: Evidence): string {
  const { kubeconfig, file } = entryOf(evidence, CONF)
  const pem = shellWord(onNode(fileOf(evidence, CLIENT)))
  const user = shellWord(kubeconfig?.config.userName ?? 'default-auth')
  return `kubectl config set-credentials ${user} --client-certificate=${pem} --client-key=${pem} --kubeconfig=${shellWord(file.path)}`
}

function pinned(evidence: Evidence): readonly Observation[] {
  const { kubeconfig, file } = entryOf(evidence, CONF)
  const certificate = kubeconfig?.config.clientCertificate
  if (certificate?.at !== 'file' || certificate.file.endsWith(`/${CLIENT}`) || certificate.file === CLIENT)
    return []
  if (rotates(evidence) === false || outdated(evidence).length > 0) return []
  const isDated = /\/kubelet-client-\d{4}[\d-]*\.pem$/.test(certificate.file)
  return [
    {
      severity: isDated ? 'warning' : 'info',
      ...{ certificate: CONF, file: file.path },
      expected: `a reference to ${onNode(fileOf(evidence, CLIENT))}`,
      found: `a reference to ${named(certificate.file)}`,
      impact: 'once that file has expired, the kubelet does not start, however often it has rotated',
      remedy: referring(evidence),
    },
  ]
}

function confMissing(evidence: Evidence): readonly Observation[] {
  const { kubelet } = evidence
  const conf = entryOf(evidence, CONF)
  const elsewhere = kubelet.flags.get('kubeconfig')?.value
  const isElsewhere = elsewhere !== undefined && !conf.file.path.endsWith(elsewhere)
  if (conf.certificate.state !== 'missing' || !hasKubelet(evidence) || isElsewhere) return []
  const isJoining = kubelet.bootstrap.state === 'present'
  return [
    observe(
      evidence,
      { entry: conf, name: CONF, file: conf.file.path },
      {
        ...(isJoining && { severity: 'warning' }),
        expected: 'the kubeconfig that the kubelet signs in with',
        found: isJoining
          ? `no such file; ${kubelet.bootstrap.file.path} is there: not joined yet`
          : 'no such file',
        remedy: isJoining ? 'see why it does not join: journalctl -u kubelet' : wayBack(evidence),
      },
    ),
  ]
}

/** By kubelet.conf, as the kubelet itself: what it refers to may be gone too. */
function bootstrapMissing(evidence: Evidence): readonly Observation[] {
  const { kubelet, now } = evidence
  const conf = entryOf(evidence, CONF)
  const { certificate } = conf
  const isExpired = certificate.state === 'present' && certificate.certificates[0].notAfter <= now
  const isGone = certificate.state === 'invalid' && GONE.has(certificate.reason)
  const isEndless = subjectNamed(evidence, CLIENT) !== undefined && outdated(evidence).length > 0
  if (kubelet.bootstrap.state !== 'missing' || isEndless || !(isExpired || isGone)) return []
  if (newestUsable(kubelet.client, now)) return []
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

const GONE: ReadonlySet<string> = new Set(['REFERENCE_MISSING', 'DANGLING_LINK', 'EMPTY_FILE'])

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
