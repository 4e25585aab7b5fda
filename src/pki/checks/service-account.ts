/** The key that service account tokens are signed with, and the public half that they are checked with. */
import { describeUnusable } from '../../errors.ts'
import { holdsPublicKeyOf } from '../../x509/key.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence, ServiceAccountEvidence } from '../evidence.ts'
import { podOf } from '../snapshot.ts'
import type { Check, Observation } from './check.ts'

export const SERVICE_ACCOUNT_CHECKS: readonly Check[] = [
  {
    code: 'SERVICE_ACCOUNT_MISMATCH',
    group: 'files',
    severity: 'error',
    title: 'sa.pub has not the public key of sa.key',
    needs: ['keys'],
    remedy: 'put the pair back that the other control-plane nodes have',
    find: mismatch,
  },
  {
    code: 'SERVICE_ACCOUNT_MISSING',
    group: 'files',
    severity: 'error',
    title: "a control-plane node lacks the service accounts' key or its public half",
    needs: ['keys'],
    remedy: 'put the pair back that the other control-plane nodes have',
    find: missing,
  },
]

const IMPACT = 'tokens of service accounts are refused: pods get 401 from this API server'
const CANNOT_SIGN = 'no token is issued: the API server does not start'

/** Where the API server checks tokens by another file, what sa.pub holds is no matter. */
function isChecked({ snapshot, serviceAccount }: Evidence): boolean {
  const pod = podOf(snapshot, 'kube-apiserver')
  const named = pod?.value.flags.get('service-account-key-file')
  return named === undefined || serviceAccount.publicKeyFile.path.endsWith(named)
}

/** From the private key, its public half can be made again. */
function derive({ privateKeyFile, publicKeyFile }: ServiceAccountEvidence): string {
  return `openssl pkey -in ${shellWord(privateKeyFile.path)} -pubout -out ${shellWord(publicKeyFile.path)}`
}

function mismatch(evidence: Evidence): readonly Observation[] {
  const { serviceAccount } = evidence
  const { publicKeys, privateKey, publicKeyFile, privateKeyFile } = serviceAccount
  if (publicKeys.state !== 'present' || privateKey.state !== 'present' || !isChecked(evidence)) return []
  if (publicKeys.text.trim() === '' || holdsPublicKeyOf(publicKeys.text, privateKey)) return []
  return [
    {
      ...{ certificate: 'sa', file: publicKeyFile.path },
      expected: `the public key of ${privateKeyFile.path}, alone or with others`,
      found: 'only keys of others, or none that can be read',
      impact: IMPACT,
      remedy: `compare both with another control-plane node (sha256sum), and put its pair here; only if sa.key is the right one: ${derive(serviceAccount)}`,
    },
  ]
}

function missing(evidence: Evidence): readonly Observation[] {
  const { snapshot, serviceAccount } = evidence
  const { publicKeys, privateKey, publicKeyFile, privateKeyFile } = serviceAccount
  if (snapshot.role !== 'control-plane') return []
  const isAbsent = (found: { readonly state: string; readonly reason?: string }) =>
    found.state === 'missing' || (found.state === 'invalid' && !SAID_ELSEWHERE.has(found.reason ?? ''))
  const withoutKey = isAbsent(privateKey)
  const found = (one: typeof publicKeys | typeof privateKey) =>
    one.state === 'invalid' ? describeUnusable(one) : 'no such file'
  return [
    ...(withoutKey
      ? [
          {
            ...{ certificate: 'sa', file: privateKeyFile.path },
            ...{ expected: 'the key that signs the tokens of service accounts', found: found(privateKey) },
            impact: CANNOT_SIGN,
            remedy: `put it back from another control-plane node: ${privateKeyFile.path}`,
          },
        ]
      : []),
    ...(isAbsent(publicKeys) && isChecked(evidence)
      ? [
          {
            ...{ certificate: 'sa', file: publicKeyFile.path },
            ...{ expected: `the public key of ${privateKeyFile.path}`, found: found(publicKeys) },
            impact: CANNOT_SIGN,
            remedy: withoutKey
              ? `put it back from another control-plane node: ${publicKeyFile.path}`
              : derive(serviceAccount),
          },
        ]
      : []),
  ]
}

const SAID_ELSEWHERE: ReadonlySet<string> = new Set(['PERMISSION_DENIED', 'EMPTY_FILE', 'OUTSIDE_ROOT'])
