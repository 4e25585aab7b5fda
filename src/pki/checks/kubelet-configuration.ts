/** What the kubelet is told about certificates. */
import { describeUnusable } from '../../errors.ts'
import { named } from '../../foreign-text.ts'
import { publicKeySha256Of } from '../../x509/certificate.ts'
import { pathAbove } from '../certification-path.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { Check, Observation } from './check.ts'
import { hasKubelet, rotates, subjectNamed } from './kubelet-view.ts'
import { RESTART } from './kubelet-way-back.ts'
import { certificatesOf, shownKey, shownKeys } from './subjects.ts'

export const KUBELET_CONFIGURATION_CHECKS: readonly Check[] = [
  {
    code: 'KUBELET_ROTATION_OFF',
    group: 'kubelet',
    severity: 'warning',
    title: 'the kubelet does not renew its certificate',
    needs: ['kubelet'],
    remedy: 'rotateCertificates: true',
    find: rotationOff,
  },
  {
    code: 'KUBELET_FIELD_IGNORED',
    group: 'kubelet',
    severity: 'warning',
    title: "a field of the kubelet's configuration has a letter in the wrong case, and is ignored",
    needs: ['kubelet'],
    remedy: 'write it as the kubelet knows it',
    find: fieldIgnored,
  },
  {
    code: 'KUBELET_CLIENT_CA',
    group: 'kubelet',
    severity: 'error',
    title: 'the kubelet verifies its clients by another CA than that of the API server',
    needs: ['certificates', 'kubelet'],
    remedy: "let clientCAFile name the cluster's CA",
    find: clientCa,
  },
]

function rotationOff(evidence: Evidence): readonly Observation[] {
  const { configuration, configurationFile, flags } = evidence.kubelet
  if (rotates(evidence) !== false || !hasKubelet(evidence)) return []
  const flag = flags.get('rotate-certificates')
  const isSaid = configuration.state === 'present' && configuration.value.rotateCertificates === false
  return [
    {
      ...{ certificate: 'kubelet', file: configurationFile.path, expected: 'rotateCertificates: true' },
      found: flag
        ? `${flag.source}=${named(flag.value)}`
        : isSaid
          ? 'rotateCertificates: false'
          : 'not set, which is false',
      impact: 'its client certificate ends one day, and the node goes NotReady',
      remedy: flag
        ? `take the flag out (${flag.source}), then ${RESTART}`
        : `set rotateCertificates: true in ${configurationFile.path}, then ${RESTART}`,
    },
  ]
}

function fieldIgnored({ kubelet: { configuration, configurationFile } }: Evidence): readonly Observation[] {
  if (configuration.state !== 'present') return []
  const file = configurationFile.path
  return configuration.value.misspelt.map(({ found, meant }) => ({
    ...{ certificate: 'kubelet', file, expected: meant, found: named(found) },
    impact: 'the kubelet ignores it, and runs with its default',
    remedy: `sed -i 's/\\b${found.split('.').at(-1)}:/${meant.split('.').at(-1)}:/' ${shellWord(file)} && ${RESTART}`,
  }))
}

/** By key: a CA may have been made anew for the same one. What signed the API server's client certificate is right too. */
function clientCa(evidence: Evidence): readonly Observation[] {
  const { configuration, configurationFile, clientCa: named } = evidence.kubelet
  const cluster = certificatesOf(evidence, 'ca')
  const [wanted] = cluster
  if (configuration.state !== 'present' || !wanted || !hasKubelet(evidence)) return []
  const found = whatIsWrong(evidence)
  if (found === undefined) return []
  const isMissing = named !== undefined && named.certificate.state !== 'present'
  return [
    {
      ...(named === undefined && { severity: 'warning' as const }),
      ...{ certificate: 'kubelet', file: named?.file.path ?? configurationFile.path },
      expected: `authentication.x509.clientCAFile with ${shownKey(wanted)}`,
      found,
      impact: isMissing
        ? 'the kubelet does not start'
        : 'kubectl logs, exec and port-forward to this node fail: the kubelet does not know the API server',
      remedy: `let authentication.x509.clientCAFile in ${configurationFile.path} name ${caFile(evidence)}, then ${RESTART}`,
    },
  ]
}

function caFile(evidence: Evidence): string {
  return subjectNamed(evidence, 'ca')?.file ?? "the cluster's ca.crt"
}

function whatIsWrong(evidence: Evidence): string | undefined {
  const { clientCa: file } = evidence.kubelet
  if (!file) return 'no clientCAFile'
  if (file.certificate.state === 'missing') return 'no such file'
  if (file.certificate.state === 'invalid')
    return file.certificate.reason === 'PERMISSION_DENIED' ? undefined : describeUnusable(file.certificate)
  const { certificates } = file.certificate
  const keys = new Set(certificatesOf(evidence, 'ca').map(publicKeySha256Of))
  if (certificates.some(one => keys.has(publicKeySha256Of(one)))) return undefined
  const client = subjectNamed(evidence, 'apiserver-kubelet-client')
  const path = client ? pathAbove(client.leaf, [...certificates, ...client.rest]) : []
  return path.some(one => certificates.includes(one)) ? undefined : shownKeys(certificates)
}
