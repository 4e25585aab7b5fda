/** What a request gets a certificate for: as the user says, as requests.json says, or as the inventory does. Never as it asks itself. */
import { PkiError } from '../errors.ts'
import { CERTIFICATES, type CertificateSpec, KUBECONFIGS, type KubeconfigSpec } from '../inventory/catalog.ts'
import { nearest } from '../nearest.ts'
import type { CertificateRequest } from '../x509/certificate-request.ts'
import { attributesOf, COMMON_NAME, ORGANIZATION } from '../x509/name.ts'
import type { ExtKeyUsage } from '../x509/profile.ts'
import type { ManifestRequest } from './request-manifest.ts'
import type { ProfileSource } from './signing-result.ts'

export interface SigningProfile {
  /** `server`, or the row: `apiserver`. */
  readonly name: string
  readonly source: ProfileSource
  readonly extKeyUsage: readonly ExtKeyUsage[]
  /** A client of Kubernetes has no subject alternative names. */
  readonly hasNames: boolean
  /** The row of the CA that signs such. */
  readonly caName?: string | undefined
  /** What subject and names have to be. */
  readonly row?: SigningRow | undefined
  readonly requested?: ManifestRequest | undefined
}

export interface SigningRow {
  readonly name: string
  /** `etcd/server`; of a kubeconfig its name. */
  readonly baseName: string
  readonly commonName: string
  /** Any of them, or none where `undefined` is among them. */
  readonly organizations: readonly (string | undefined)[]
  readonly extKeyUsage: readonly ExtKeyUsage[]
  readonly hasNames: boolean
  readonly caName: string
}

const SPECS: readonly CertificateSpec[] = CERTIFICATES
const CONFIGS: readonly KubeconfigSpec[] = KUBECONFIGS

const ROWS: readonly SigningRow[] = [
  ...SPECS.flatMap(spec => {
    const { name, baseName, commonName, organizations, extKeyUsage = [], caName } = spec
    if (caName === undefined) return []
    const hasNames = spec.subjectAltName !== undefined
    return {
      name,
      baseName,
      commonName,
      organizations: valuesOf(organizations),
      extKeyUsage,
      hasNames,
      caName,
    }
  }),
  ...CONFIGS.map(({ name, commonName, organizations, caName }) => ({
    ...{ name, baseName: name, commonName, organizations: valuesOf(organizations), caName },
    ...{ extKeyUsage: ['clientAuth'] as const, hasNames: false },
  })),
]

function valuesOf(organizations: CertificateSpec['organizations'] = []): readonly (string | undefined)[] {
  return organizations.length === 0 ? [undefined] : organizations.map(({ value }) => value)
}

const ROLES = {
  server: { extKeyUsage: ['serverAuth'], hasNames: true },
  client: { extKeyUsage: ['clientAuth'], hasNames: false },
  peer: { extKeyUsage: ['serverAuth', 'clientAuth'], hasNames: true },
} as const satisfies Record<string, Pick<SigningProfile, 'extKeyUsage' | 'hasNames'>>

const PROFILES: readonly string[] = [...Object.keys(ROLES), ...ROWS.map(({ name }) => name)]

/** That of a name the user gave; throws for what is none. */
export function profileNamed(name: string): SigningProfile {
  const role = Object.hasOwn(ROLES, name) ? ROLES[name as keyof typeof ROLES] : undefined
  if (role) return { name, source: '--profile', ...role }
  const row = ROWS.find(one => one.name === name)
  if (row) return profileOf(row, '--profile')
  const near = nearest(name, PROFILES)
  const guess = near === undefined ? '' : `did you mean ${near}? `
  throw new PkiError('USAGE', `no profile is named "${name}"`, {
    hint: `${guess}all of them: ${PROFILES.join(', ')}`,
  })
}

function profileOf(row: SigningRow, source: ProfileSource): SigningProfile {
  const { name, extKeyUsage, hasNames, caName } = row
  return { name, source, extKeyUsage, hasNames, caName, row }
}

const PURPOSES: readonly string[] = ['serverAuth', 'clientAuth']

function isPurpose(usage: string): usage is ExtKeyUsage {
  return PURPOSES.includes(usage)
}

/** Whatever requests.json asks for, a leaf serves and is a client, and nothing else. */
export function profileOfManifest(requested: ManifestRequest): SigningProfile {
  const { name, extKeyUsage, subjectAltNames, caName } = requested
  const usages = extKeyUsage.filter(isPurpose)
  const hasNames = subjectAltNames.length > 0
  return { name, source: 'requests.json', extKeyUsage: usages, hasNames, caName, requested }
}

/** What requests.json says of a row that the inventory does not, in words: it came from the same place as the request. */
export function strayings(
  { name, source, extKeyUsage }: SigningProfile,
  request: CertificateRequest,
): string[] {
  const row = source === 'requests.json' ? ROWS.find(one => one.name === name) : undefined
  if (!row) return []
  const extra = extKeyUsage.filter(usage => !row.extKeyUsage.includes(usage))
  const subject = subjectFlaw(row, request)
  return [
    ...(extra.length > 0 ? [`requests.json asks for ${extra.join(', ')}, which no ${name} has`] : []),
    ...(subject === undefined
      ? []
      : [`requests.json calls it ${name}, whose subject is another: ${subject}`]),
  ]
}

/** The row whose file name the request has, when its subject is that row's too. */
export function profileOfFile(path: string, request: CertificateRequest): SigningProfile | undefined {
  const named = ROWS.find(row => isFileOf(row, path))
  return named && subjectFlaw(named, request) === undefined ? profileOf(named, 'the inventory') : undefined
}

function isFileOf({ name, baseName }: SigningRow, path: string): boolean {
  const stem = `/${path.replace(/\.[^./]+$/, '')}`
  return stem.endsWith(`/${name}`) || stem.endsWith(`/${baseName}`)
}

/** What of the subject is not the row's, in words. */
export function subjectFlaw(
  row: SigningRow,
  { subject, subjectText }: CertificateRequest,
): string | undefined {
  const attributes = attributesOf(subject)
  const valuesFor = (wanted: string) =>
    attributes.flatMap(({ type, value }) => (type === wanted ? value : []))
  const [commonName, ...moreNames] = valuesFor(COMMON_NAME)
  const [organization, ...moreOrganizations] = valuesFor(ORGANIZATION)
  const isPlain = moreNames.length === 0 && moreOrganizations.length === 0
  const hasOther = attributes.some(({ type }) => type !== COMMON_NAME && type !== ORGANIZATION)
  const isRight =
    isPlain && !hasOther && isNameOf(row, commonName) && row.organizations.includes(organization)
  return isRight ? undefined : `wanted ${describeRow(row)}, found ${subjectText || 'nothing'}`
}

const NODE_NAME = '{nodeName}'

function isNameOf({ commonName }: SigningRow, found: string | undefined): boolean {
  const [before = '', after] = commonName.split(NODE_NAME)
  if (after === undefined) return found === commonName
  const node = found?.startsWith(before) ? found.slice(before.length) : ''
  return /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(node)
}

function describeRow({ commonName, organizations }: SigningRow): string {
  const subjects = organizations.map(value => `CN=${commonName}${value === undefined ? '' : `,O=${value}`}`)
  return subjects.join(' or ').replaceAll(NODE_NAME, 'NODE')
}
