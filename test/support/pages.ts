/** Reports that have everything a page can show, and what a hostile file would put into it. */
import { checkExpiration } from '../../src/operations/check-expiration.ts'
import { verifyCertificates } from '../../src/operations/verify.ts'
import type { ExpirationReport } from '../../src/pki/expiration.ts'
import type { Finding } from '../../src/pki/finding.ts'
import type { VerificationReport } from '../../src/pki/verification.ts'
import { type MadeAuthority, makeAuthority, makeLeaf, P256 } from './certificates.ts'
import { NOW } from './host.ts'
import { copyNode } from './node.ts'

const K = 'etc/kubernetes'
export const HOSTILE = '</script></style><img src=x onerror=alert(1)>"\'&amp;'
export const OVERRIDE = 'evil\u202egpj.exe\u2066\u200b'

/** Days from the certificates' start, ten days before NOW. */
const leaf = (ca: MadeAuthority, subject: string, days: number) =>
  makeLeaf(ca, ca.key, { subject, extensions: 'keyUsage=digitalSignature', days })

/** Something of every urgency. */
export function troubledNode(): string {
  const [ca, frontProxy] = [
    makeAuthority('kubernetes', P256, 3650),
    makeAuthority('front-proxy-ca', P256, 75),
  ]
  return copyNode('stock-1.31', {
    [`${K}/pki/ca.crt`]: ca.certificate + frontProxy.certificate,
    [`${K}/pki/apiserver.crt`]: leaf(ca, '/O=Example/OU=Platform/CN=kube-apiserver', 7),
    [`${K}/pki/apiserver-kubelet-client.crt`]: leaf(
      ca,
      '/O=system:masters/CN=kube-apiserver-kubelet-client',
      22,
    ),
    [`${K}/pki/front-proxy-ca.crt`]: frontProxy.certificate,
    [`${K}/pki/front-proxy-client.crt`]: leaf(frontProxy, '/CN=front-proxy-client', 365),
    [`${K}/pki/etcd/healthcheck-client.crt`]: leaf(
      ca,
      `/O=${OVERRIDE}/CN=${HOSTILE.replaceAll('/', '\\/')}`,
      70,
    ),
    [`${K}/pki/etcd/peer.crt`]: 'no certificate',
    [`${K}/pki/apiserver-etcd-client.crt`]: null,
  })
}

const FINDINGS: readonly Finding[] = [
  {
    ...{ code: 'CERTIFICATE_EXPIRED', severity: 'error', certificate: 'apiserver' },
    file: '/etc/kubernetes/pki/apiserver.crt',
    ...{ expected: 'valid at 2026-12-01T00:00:00Z', found: 'expired 3d ago, on 2026-11-28T00:00:00Z' },
    ...{ impact: 'nothing reaches the API server', remedy: 'kubepki certs renew apiserver' },
  },
  {
    ...{ code: 'SAN_OF_OTHER_NODE', severity: 'warning', certificate: HOSTILE, file: OVERRIDE },
    expected: `names of this node: ${'very-long-name-without-a-break.'.repeat(6)}example`,
    ...{ found: `DNS:cp-2, ${HOSTILE}`, impact: 'etcd members refuse each other' },
    remedy: `kubepki certs renew etcd-peer --root /mnt --remove-san cp-2 --add-san ${'0123456789abcdef'.repeat(8)}\nthen restart etcd`,
  },
  {
    ...{
      code: 'REQUEST_PENDING_LONG',
      severity: 'info',
      certificate: 'etcd-server',
      file: '/etc/kubernetes/pki/csr',
    },
    ...{ expected: 'an answer within 14 days', found: 'pending for 20 days' },
    ...{ impact: 'the certificate is not renewed in time', remedy: 'kubepki certs requests' },
  },
]

export const expirationOf = (root: string): ExpirationReport => checkExpiration({ root, now: NOW })

/** The findings are made up, so that there is one of every severity. */
export async function verificationOf(root: string): Promise<VerificationReport> {
  const report = await verifyCertificates({ root, now: NOW, within: 30 * 86_400_000 })
  return { ...report, findings: FINDINGS }
}
