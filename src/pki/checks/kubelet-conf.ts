/** Where kubelet.conf leads: at its start the kubelet judges itself by the certificate there, however often it has rotated. */
import { pathText } from '../../foreign-text.ts'
import { type Certificate, isSameCertificate } from '../../x509/certificate.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { Check, Observation } from './check.ts'
import { entryOf, hasKubelet, rotates, subjectNamed } from './kubelet-view.ts'
import { CLIENT, CONF, fileOf, onNode, wayBack } from './kubelet-way-back.ts'
import { observe } from './subjects.ts'

export const KUBELET_CONF_CHECKS: readonly Check[] = [
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
    remedy: 'a new kubelet.conf by kubeconfig user, or join the node anew',
    find: confMissing,
  },
]

function isOlder(one: Certificate, other: Certificate): boolean {
  return !isSameCertificate(one, other) && one.notAfter < other.notAfter
}

export function outdated(evidence: Evidence): readonly Observation[] {
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
      found: `a reference to ${pathText(certificate.file)}`,
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
        remedy: isJoining ? 'journalctl -u kubelet # see why it does not join' : wayBack(evidence),
      },
    ),
  ]
}
