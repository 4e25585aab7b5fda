/** Who a certificate says it is: what RBAC gives rights to, and what it should not. */

import { named } from '../../foreign-text.ts'
import {
  CERTIFICATES,
  type CertificateSpec,
  KUBECONFIGS,
  type KubeconfigSpec,
  type OrganizationSpec,
} from '../../inventory/catalog.ts'
import { impactOf } from '../../inventory/names.ts'
import { hasChange } from '../../kubernetes/version.ts'
import { extKeyUsageOf } from '../../x509/certificate.ts'
import { type Identity, identityOf } from '../../x509/subject.ts'
import type { Evidence } from '../evidence.ts'
import type { Severity } from '../finding.ts'
import type { Check, Observation } from './check.ts'
import { remakeOf } from './commands.ts'
import { leavesOf, type Subject } from './subjects.ts'

const MASTERS = 'system:masters'

type Spec = Pick<KubeconfigSpec | CertificateSpec, 'name' | 'commonName' | 'organizations'> & {
  readonly component?: string
  readonly caName?: string
}
const SPECS: readonly Spec[] = [...CERTIFICATES, ...KUBECONFIGS]

interface Role extends Subject {
  readonly spec: Spec
  readonly identity: Identity
}

/** Rows whose subject is kubeadm's to give; the kubelet's have checks of their own. */
function rolesOf(evidence: Evidence): readonly Role[] {
  return leavesOf(evidence).flatMap(subject => {
    const spec = SPECS.find(({ name }) => name === subject.name)
    if (!spec || evidence.copies.includes(subject.entry)) return []
    return { ...subject, spec, identity: identityOf(subject.leaf) }
  })
}

function subjectText({ commonName, organizations }: Identity): string {
  const parts = [...organizations.map(value => `O=${value}`), `CN=${commonName}`]
  return named(parts.join(','))
}

function isMaster({ organizations }: Identity): boolean {
  return organizations.includes(MASTERS)
}

/** Of the components that RBAC knows by name alone. */
function foreignUser({ spec, identity }: Role): Severity | undefined {
  if (spec.component === undefined || identity.commonName === spec.commonName) return undefined
  return isMaster(identity) ? 'warning' : 'error'
}

/** Rows that have their rights by their organization. */
const BY_GROUP: ReadonlySet<string> = new Set(['admin.conf', 'super-admin.conf', 'apiserver-kubelet-client'])

/** Nobody asks for the common name of these, and kubeadm's is the usual one. */
const NAMED_FREELY: ReadonlySet<string> = new Set([
  'apiserver',
  'apiserver-etcd-client',
  'etcd-healthcheck-client',
])

interface Rights {
  readonly severity: Severity
  readonly expected: string
}

function lackingRights({ facts }: Evidence, { spec, name, identity }: Role): Rights | undefined {
  if (!BY_GROUP.has(name) || isMaster(identity)) return undefined
  const { value: version } = facts.kubernetesVersion
  const { organizations = [] } = spec
  const isInForce = ({ since }: OrganizationSpec) => since === undefined || hasChange(version, since)
  const own = organizations.find(({ value }) =>
    value === undefined
      ? identity.organizations.length === 0 && identity.commonName === spec.commonName
      : identity.organizations.includes(value),
  )
  if (own && isInForce(own)) return undefined
  const wanted = organizations.filter(isInForce).flatMap(({ value }) => (value ? `O=${value}` : []))
  const expected = `${wanted.join(' or ')}${own ? ` in Kubernetes ${version}` : ''}`
  const isUnknown = !own && identity.organizations.length > 0 && name !== 'super-admin.conf'
  const isNamedOtherwise = !own && identity.commonName !== spec.commonName
  return { expected, severity: isUnknown || isNamedOtherwise ? 'info' : 'warning' }
}

/** Not where kubeadm gives it, and not of etcd, which knows no groups. */
function isForeignMaster({ spec, identity }: Role): boolean {
  const isGiven = spec.organizations?.some(({ value }) => value === MASTERS) ?? false
  return isMaster(identity) && !isGiven && spec.caName !== 'etcd-ca'
}

/** The API server takes it for a user's certificate only if it may be a client's, and of the cluster's CA. */
function isUsableToLogIn({ spec, leaf }: Role): boolean {
  return spec.caName === 'ca' && (extKeyUsageOf(leaf)?.includes('clientAuth') ?? true)
}

function isOutdatedMaster({ facts }: Evidence, { name, identity }: Role): boolean {
  const { value, source } = facts.kubernetesVersion
  const isOld = name === 'apiserver-kubelet-client' && isMaster(identity)
  return isOld && source !== 'default' && hasChange(value, ['1.29'])
}

const GROUP = { group: 'role', needs: ['certificates'] } as const
const REMAKE = 'init phase certs NAME or init phase kubeconfig NAME, the old one moved away'

function observed(
  evidence: Evidence,
  { entry, name, file, identity }: Role,
  rest: Pick<Observation, 'expected'> & Partial<Observation>,
): Observation {
  const found = subjectText(identity)
  return {
    certificate: name,
    file,
    found,
    impact: impactOf(name),
    remedy: remakeOf(evidence, entry),
    ...rest,
  }
}

export const SUBJECT_CHECKS: readonly Check[] = [
  {
    code: 'WRONG_COMMON_NAME',
    ...GROUP,
    severity: 'error',
    title: 'a component logs in under a name that RBAC gives it no rights for',
    remedy: REMAKE,
    find: evidence =>
      rolesOf(evidence).flatMap(role => {
        const severity = foreignUser(role)
        if (!severity) return []
        return observed(evidence, role, { severity, expected: `CN=${role.spec.commonName}` })
      }),
  },
  {
    code: 'COMMON_NAME_UNUSUAL',
    ...GROUP,
    severity: 'info',
    title: "a common name is not kubeadm's, and nobody asks for it",
    remedy: 'nothing to be done',
    find: evidence =>
      rolesOf(evidence)
        .filter(({ name, spec, identity }) => {
          return NAMED_FREELY.has(name) && identity.commonName !== spec.commonName
        })
        .map(role =>
          observed(evidence, role, {
            expected: `CN=${role.spec.commonName}`,
            impact: 'none: Kubernetes does not look at it',
            remedy: 'nothing to be done',
          }),
        ),
  },
  {
    code: 'WRONG_ORGANIZATION',
    ...GROUP,
    severity: 'warning',
    title: 'a certificate is of no group that has the rights it needs',
    remedy: REMAKE,
    find: evidence =>
      rolesOf(evidence).flatMap(role => {
        const lacking = lackingRights(evidence, role)
        if (!lacking) return []
        const impact = `Forbidden, unless RBAC gives rights to this very user: ${impactOf(role.name)}`
        return observed(evidence, role, { ...lacking, impact })
      }),
  },
  {
    code: 'SYSTEM_MASTERS_UNEXPECTED',
    ...GROUP,
    severity: 'warning',
    title: 'system:masters where no certificate needs it',
    remedy: REMAKE,
    find: evidence =>
      rolesOf(evidence)
        .filter(isForeignMaster)
        .map(role => {
          const isUsable = isUsableToLogIn(role)
          return observed(evidence, role, {
            severity: isUsable ? 'warning' : 'info',
            expected: `no O=${MASTERS}`,
            impact: isUsable
              ? 'whoever has its key may do everything, and RBAC cannot take that away'
              : 'none now: nobody can log in with it',
          })
        }),
  },
  {
    code: 'SYSTEM_MASTERS_OUTDATED',
    ...GROUP,
    severity: 'info',
    title: 'the API server goes to its kubelets as system:masters, which kubeadm has left since 1.29',
    remedy: REMAKE,
    find: evidence =>
      rolesOf(evidence)
        .filter(role => isOutdatedMaster(evidence, role))
        .map(role =>
          observed(evidence, role, {
            expected: 'O=kubeadm:cluster-admins, or no O in the newest releases',
            impact: 'whoever has its key may do everything, and RBAC cannot take that away',
          }),
        ),
  },
]
