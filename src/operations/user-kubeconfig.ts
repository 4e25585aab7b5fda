/** A kubeconfig for another user, as text: nothing is written. */
import { PkiError } from '../errors.ts'
import { serverFor } from '../inventory/profile.ts'
import { encodeKubeconfig } from '../kubernetes/kubeconfig-document.ts'
import { flawOfTrust } from '../pki/bootstrap-kubeconfigs.ts'
import { authorityOf, keyIsElsewhere, lackingFacts } from '../pki/bootstrap-signer.ts'
import { type BootstrapFacts, existingOf } from '../pki/bootstrap-step.ts'
import { endpointWarnings, factValues } from '../pki/cluster-facts.ts'
import { unusableFile } from '../pki/existing.ts'
import { type Entry, entryNamed } from '../pki/snapshot.ts'
import { ONE_YEAR, validityPeriod } from '../pki/validity.ts'
import { encodeCertificates } from '../x509/certificate.ts'
import type { CertificateProfile } from '../x509/profile.ts'
import { type NodeOptions, readBootstrapFacts } from './bootstrap-facts.ts'
import { issuePair } from './issue-pair.ts'

export interface UserOptions extends NodeOptions {
  /** The common name, and what the file calls its user. */
  readonly clientName: string
  readonly organizations: readonly string[]
  /** Instead of a certificate: the CA's key is not opened. */
  readonly token?: string | undefined
  /** Milliseconds; by default the configuration's, else a year. */
  readonly validity?: number | undefined
}

export interface UserKubeconfig {
  readonly text: string
  readonly warnings: readonly string[]
}

const SPEC = { name: 'the kubeconfig', server: 'control-plane', commonName: '' } as const

export async function createUserKubeconfig(options: UserOptions): Promise<UserKubeconfig> {
  checkOptions(options)
  const { facts } = readBootstrapFacts({ ...options, names: options.token === undefined ? ['ca'] : [] })
  checkTrust(facts)
  const lacking = lackingFacts(facts, SPEC)
  if (lacking) throw new PkiError('CONFIG_INVALID', lacking.message, { hint: lacking.hint })
  const values = factValues(facts.facts)
  const { credentials, warnings } = await credentialsOf(options, facts)
  const text = encodeKubeconfig({
    clusterName: values.clusterName,
    server: serverFor(SPEC, values),
    certificateAuthority: trustOf(facts),
    userName: options.clientName,
    credentials,
    kubernetesVersion: values.kubernetesVersion,
  })
  const doubts = endpointWarnings(facts.snapshot, facts.facts)
  return { text, warnings: [...facts.snapshot.warnings, ...doubts, ...warnings] }
}

function checkOptions({ clientName, token, validity }: UserOptions): void {
  if (clientName === '') throw new PkiError('USAGE', 'wanted a client name, found nothing')
  if (token === '') throw new PkiError('USAGE', 'wanted a token, found nothing')
  if (validity !== undefined && !(validity >= 1000))
    throw new PkiError('USAGE', `wanted a validity of a second at least, found ${validity} ms`)
}

/** The server is that of admin.conf: it has to be the server of this CA. */
function checkTrust(facts: BootstrapFacts): void {
  const { source } = facts.facts.controlPlaneEndpoint
  const entry = facts.snapshot.entries.find(
    ({ kind, file }) => kind === 'kubeconfig' && source.startsWith(`${file.path}:`),
  )
  const flaw = entry && flawOfTrust(existingOf(facts, entry, false))
  if (!flaw) return
  const hint =
    'name the PKI directory of that cluster with --cert-dir or --config, or the endpoint of this one'
  throw new PkiError('CA_UNUSABLE', flaw.message, { hint })
}

function authorityEntry({ snapshot }: BootstrapFacts): Entry {
  return entryNamed(snapshot, 'ca') as Entry
}

function trustOf(facts: BootstrapFacts): string {
  const entry = authorityEntry(facts)
  const { certificate, file } = entry
  if (certificate.state === 'present') return encodeCertificates(certificate.certificates)
  const { message, hint } = unusableFile(existingOf(facts, entry, false)) ?? {
    message: `${file.path} does not exist`,
  }
  throw new PkiError('CA_UNUSABLE', message, { hint: hint ?? 'name the PKI directory with --cert-dir' })
}

async function credentialsOf(options: UserOptions, facts: BootstrapFacts) {
  if (options.token !== undefined) return { credentials: { token: options.token }, warnings: [] }
  const signer = authorityOf(facts, authorityEntry(facts))
  if (signer.state !== 'local') {
    const { message, hint } = signer.state === 'external' ? keyIsElsewhere(authorityEntry(facts)) : signer
    throw new PkiError('CA_UNUSABLE', message, { hint: signer.state === 'external' ? TOKEN_HINT : hint })
  }
  const wanted = options.validity ?? facts.newKeys.validity.value
  const period = validityPeriod(options.now, wanted, signer.certificate.notAfter)
  const profile: CertificateProfile = {
    commonName: options.clientName,
    organizations: options.organizations,
    isCa: false,
    extKeyUsage: ['clientAuth'],
    subjectAltName: [],
  }
  const { notBefore, notAfter } = period
  const { pem } = await issuePair({
    ...{ name: options.clientName, profile, algorithm: facts.newKeys.algorithm.value, signer },
    ...{ notBefore, notAfter },
  })
  return {
    credentials: pem,
    warnings: [...period.warnings, ...dangers(options, notAfter.getTime() - options.now.getTime())],
  }
}

const TOKEN_HINT = '--token T needs no CA key; a certificate has to be asked of the CA elsewhere'

/** Nobody can take a certificate back. */
function dangers({ organizations }: UserOptions, validity: number): string[] {
  const isMaster = organizations.includes('system:masters')
  const days = Math.round(validity / 86_400_000)
  return [
    ...(isMaster
      ? [
          'O=system:masters may do everything, whatever RBAC says, until the certificate expires or the CA is replaced',
        ]
      : []),
    ...(validity > ONE_YEAR
      ? [`valid for ${days} d, longer than the year kubeadm recommends: it cannot be revoked`]
      : []),
  ]
}
