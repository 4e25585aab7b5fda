/** Whether what one component signs or serves is accepted by the others, by the files that their flags name. */

import { SIGNERS } from '../../inventory/flag-files.ts'
import { impactOf } from '../../inventory/names.ts'
import { type Certificate, hasSameKey } from '../../x509/certificate.ts'
import { holdsPublicKeyOf, isKeyOf, type PrivateKey } from '../../x509/key.ts'
import { isAnchored } from '../certification-path.ts'
import type { Evidence, FlagFile } from '../evidence.ts'
import { instant } from '../instant.ts'
import { entryNamed } from '../snapshot.ts'
import type { Check } from './check.ts'
import { flagText, rowOf } from './manifest-files.ts'
import { flagOf, servesByName } from './own-names.ts'
import { certificatesOf, shownKeys } from './subjects.ts'

function fileOf({ flagFiles }: Evidence, component: string, flag: string): FlagFile | undefined {
  return flagFiles.find(
    one => one.pod.value.component === component && one.flag === flag && one.place === 'host',
  )
}

const listOf = (file: FlagFile | undefined): readonly Certificate[] =>
  file?.contents.state === 'present' ? (file.contents.certificates ?? []) : []

const keyIn = (file: FlagFile | undefined): PrivateKey | undefined =>
  file?.contents.state === 'present' ? file.contents.key : undefined

interface Signer {
  readonly name: string
  readonly file: FlagFile
  readonly keyFile: FlagFile | undefined
  readonly certificates: readonly Certificate[]
  readonly key: PrivateKey | undefined
}

/** What the controller manager signs requests with: none where it is told not to. */
function signersOf(evidence: Evidence): readonly Signer[] {
  const manager = 'kube-controller-manager'
  const controllers = flagOf(evidence.snapshot, manager, 'controllers')?.split(',') ?? ['*']
  const isOff = controllers.includes('-csrsigning')
  if (isOff || !(controllers.includes('*') || controllers.includes('csrsigning'))) return []
  return SIGNERS.flatMap(name => {
    const file = fileOf(evidence, manager, `cluster-signing-${name}cert-file`)
    const keyFile = fileOf(evidence, manager, `cluster-signing-${name}key-file`)
    if (!file || keyFile?.contents.state === 'missing') return []
    return { name, file, keyFile, certificates: listOf(file), key: keyIn(keyFile) }
  })
}

/** The one that signs: of the key, or the only one. */
function signing({ certificates, key }: Signer): Certificate | undefined {
  return (key && certificates.find(one => isKeyOf(key, one))) ?? certificates[0]
}

const CLIENT_SIGNERS = ['kubelet-client-', 'kube-apiserver-client-']

/** The general one signs for users and kubelets, unless others are named for both. */
function isForClients({ name }: Signer, all: readonly Signer[]): boolean {
  const others = all.map(one => one.name)
  return CLIENT_SIGNERS.includes(name) || (name === '' && !CLIENT_SIGNERS.every(one => others.includes(one)))
}

/** What is signed comes without its CA: that very one has to be known. */
function isTrustedSigner(evidence: Evidence, signer: Signer): boolean {
  const trusted = listOf(fileOf(evidence, 'kube-apiserver', 'client-ca-file'))
  const certificate = signing(signer)
  return !certificate || trusted.length === 0 || trusted.some(one => hasSameKey(one, certificate))
}

const NEVER_SIGNED = 'requests for certificates are approved and never answered: no node can join'

/** Which certificate a file has to accept that is not the inventory's own CA. */
interface Trust {
  readonly component: string
  readonly flag: string
  readonly row: string
  readonly impact: string
}

const TRUSTS: readonly Trust[] = [
  { component: 'kube-apiserver', flag: 'etcd-cafile', row: 'etcd-server', impact: impactOf('etcd-server') },
  {
    component: 'etcd',
    flag: 'trusted-ca-file',
    row: 'apiserver-etcd-client',
    impact: impactOf('etcd-server'),
  },
  { component: 'etcd', flag: 'peer-trusted-ca-file', row: 'etcd-peer', impact: impactOf('etcd-peer') },
  {
    component: 'kube-controller-manager',
    flag: 'root-ca-file',
    row: 'apiserver',
    impact: 'pods refuse the API server: they are given a CA that it is not of',
  },
  {
    component: 'kube-apiserver',
    flag: 'requestheader-client-ca-file',
    row: 'front-proxy-client',
    impact: impactOf('front-proxy-client'),
  },
  ...['controller-manager.conf', 'scheduler.conf'].map(row => ({
    ...{ component: 'kube-apiserver', flag: 'client-ca-file', row, impact: impactOf(row) },
  })),
]

/** The user has named a directory that the components may know nothing of. */
function isElsewhere({ snapshot }: Evidence, row: string): boolean {
  return !/^(manifests\/|default$)/.test(entryNamed(snapshot, row)?.file.source ?? '')
}

/** Where the file is the row's CA itself, that the one signed the other is looked at elsewhere. */
function mistrustOf(evidence: Evidence, { component, flag, row }: Trust): FlagFile | undefined {
  const { snapshot } = evidence
  const file = fileOf(evidence, component, flag)
  const trusted = listOf(file)
  const [leaf, ...rest] = certificatesOf({ snapshot }, row)
  const isOwn = file && rowOf(evidence, file.file) === entryNamed(snapshot, entryNamed(snapshot, row)?.caName)
  const isByName = row === 'apiserver' && servesByName(snapshot)
  if (!leaf || trusted.length === 0 || isOwn || isByName || isElsewhere(evidence, row)) return undefined
  return isAnchored(leaf, trusted, rest) ? undefined : file
}

/** Keys that tokens are signed with, and that the API server does not check them with. */
function untrustedTokenKeys(evidence: Evidence): readonly FlagFile[] {
  const { flagFiles, serviceAccount } = evidence
  const publics = flagFiles.filter(({ flag }) => flag === 'service-account-key-file')
  const texts = publics.flatMap(({ contents }) => (contents.state === 'present' ? (contents.text ?? []) : []))
  if (texts.length === 0 || texts.length < publics.length) return []
  const own = [serviceAccount.publicKeyFile, serviceAccount.privateKeyFile].map(({ path }) => path)
  const isOwnPair = (one: FlagFile) =>
    own.includes(one.file.path) && publics.every(({ file }) => own.includes(file.path))
  return flagFiles.filter(one => {
    const key = /^service-account-(private|signing)-key-file$/.test(one.flag) ? keyIn(one) : undefined
    return key && !isOwnPair(one) && !texts.some(text => holdsPublicKeyOf(text, key))
  })
}

const GROUP = { group: 'manifests', needs: ['certificates', 'manifests'] } as const

export const MANIFEST_TRUST_CHECKS: readonly Check[] = [
  {
    code: 'SIGNING_FILE_BUNDLE',
    ...GROUP,
    severity: 'error',
    title: 'the file that the controller manager signs with holds several certificates',
    remedy: 'a file with the one certificate of the key, for --cluster-signing-cert-file',
    find: evidence =>
      signersOf(evidence)
        .filter(({ certificates }) => certificates.length > 1)
        .map(({ file, keyFile, certificates }) => ({
          ...{
            certificate: rowOf(evidence, file.file)?.name ?? 'kube-controller-manager',
            file: file.file.path,
          },
          expected: `one certificate, for ${flagText(file)}`,
          found: `${certificates.length}: ${shownKeys(certificates)}`,
          impact: 'the controller manager does not start again: it wants exactly one',
          remedy: `write the certificate of ${keyFile?.file.path ?? 'its key'} alone to a file beside it, and have --${file.flag} in ${file.pod.file.path} name that`,
        })),
  },
  {
    code: 'SIGNER_NOT_TRUSTED',
    ...GROUP,
    severity: 'error',
    title: 'the API server does not accept what the controller manager signs',
    remedy: 'the signing CA in the file of --client-ca-file',
    find: evidence => {
      const signers = signersOf(evidence)
      return signers
        .filter(one => isForClients(one, signers) && !isTrustedSigner(evidence, one))
        .map(one => {
          const trust = fileOf(evidence, 'kube-apiserver', 'client-ca-file')
          const certificate = signing(one)
          return {
            ...{ certificate: 'kube-controller-manager', file: one.file.file.path },
            expected: `one of ${trust?.file.path}: ${shownKeys(listOf(trust))}`,
            found: certificate ? shownKeys([certificate]) : 'nothing',
            impact:
              'kubelets are refused with the certificates they are given: nodes go NotReady as they renew theirs',
            remedy: `have --${one.file.flag} and --${one.keyFile?.flag ?? one.file.flag.replace('cert', 'key')} in ${one.file.pod.file.path} name a CA of ${trust?.file.path} and its key; only if the new signer is meant, add ${one.file.file.path} to ${trust?.file.path} on every control-plane node`,
          }
        })
    },
  },
  {
    code: 'SIGNING_KEY_MISMATCH',
    ...GROUP,
    severity: 'error',
    title: "the controller manager signs with a key that is not its CA certificate's",
    remedy: 'the key of the certificate, for --cluster-signing-key-file',
    find: evidence =>
      signersOf(evidence)
        .filter(({ key, certificates }) => key && !certificates.some(one => isKeyOf(key, one)))
        .filter(({ certificates, file, keyFile }) => {
          const row = rowOf(evidence, file.file)
          return certificates.length > 0 && !(row && keyFile && row === rowOf(evidence, keyFile.file))
        })
        .map(({ file, keyFile, certificates }) => ({
          ...{ certificate: 'kube-controller-manager', file: keyFile?.file.path ?? '' },
          expected: `the key of ${file.file.path}: ${shownKeys(certificates)}`,
          ...{ found: 'another key', impact: NEVER_SIGNED },
          remedy: `have --${keyFile?.flag} in ${file.pod.file.path} name the key of ${file.file.path}`,
        })),
  },
  {
    code: 'SIGNING_CERTIFICATE_EXPIRED',
    ...GROUP,
    severity: 'error',
    title: 'the CA certificate that the controller manager signs with has expired',
    remedy: 'a CA certificate that is valid, for --cluster-signing-cert-file',
    find: evidence =>
      signersOf(evidence).flatMap(one => {
        const certificate = signing(one)
        const isPast = certificate && certificate.notAfter <= evidence.now
        if (!isPast || rowOf(evidence, one.file.file)) return []
        return {
          ...{ certificate: 'kube-controller-manager', file: one.file.file.path },
          expected: `valid at ${instant(evidence.now)}, for ${flagText(one.file)}`,
          found: `${certificate.subject}, expired on ${instant(certificate.notAfter)}`,
          impact: NEVER_SIGNED,
          remedy: `have --${one.file.flag} in ${one.file.pod.file.path} name a CA that is valid`,
        }
      }),
  },
  {
    code: 'TRUST_FILE_WRONG',
    ...GROUP,
    severity: 'error',
    title: 'a component is given a CA file that does not accept whom it deals with',
    remedy: 'the CA that signed it, in the file of the flag',
    find: evidence =>
      TRUSTS.flatMap(trust => {
        const file = mistrustOf(evidence, trust)
        const [leaf] = certificatesOf(evidence, trust.row)
        if (!file || !leaf) return []
        return {
          ...{ certificate: trust.row, file: file.file.path, impact: trust.impact },
          expected: `a CA that signed ${trust.row}: ${leaf.issuer}, for ${flagText(file)}`,
          found: shownKeys(listOf(file)),
          remedy: `have --${file.flag} in ${file.pod.file.path} name the file of the CA that signed ${trust.row}`,
        }
      }),
  },
  {
    code: 'SERVICE_ACCOUNT_KEY_UNTRUSTED',
    ...GROUP,
    severity: 'error',
    title: 'tokens of service accounts are signed with a key that the API server does not check them with',
    needs: ['keys', 'manifests'],
    remedy: 'the public key, for one more --service-account-key-file',
    find: evidence =>
      untrustedTokenKeys(evidence).map(one => ({
        ...{ certificate: one.pod.value.component, file: one.file.path },
        expected: 'a key whose public half is in a file of --service-account-key-file',
        found: `${flagText(one)}, whose public half is in none`,
        impact: 'pods are refused by the API server: their tokens count for nothing',
        remedy: `openssl pkey -in ${one.file.path} -pubout, and one more --service-account-key-file for it in the manifest of kube-apiserver`,
      })),
  },
]
