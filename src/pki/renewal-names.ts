/** The subject alternative names of a renewed certificate, where the order asks for others. */

import { messageOf } from '../errors.ts'
import { CERTIFICATES, type CertificateSpec } from '../inventory/catalog.ts'
import { REQUESTED_ONLY } from '../inventory/select.ts'
import type { Certificate } from '../x509/certificate.ts'
import { type Der, tbsPartsOf } from '../x509/der.ts'
import {
  describeSubjectAltName,
  isSubjectAltNameCritical,
  SUBJECT_ALT_NAME,
  subjectAltNameExtension,
  subjectAltNamesOf,
} from '../x509/subject-alt-name.ts'
import type { Refusal } from './renewal-key.ts'
import type { NameChange, RenewalOrder } from './renewal-step.ts'
import {
  type ChangedSubjectAltNames,
  changeSubjectAltNames,
  type SubjectAltNameChange,
} from './subject-alt-names.ts'

const SPECS: readonly CertificateSpec[] = CERTIFICATES

/** The serving certificates: those whose names kubeadm makes from the configuration, and the kubelet's. */
export const NAMED_ROWS: readonly string[] = [
  ...SPECS.flatMap(spec => (spec.subjectAltName ? spec.name : [])),
  ...REQUESTED_ONLY.map(({ name }) => name),
]

/** Undefined: the names stay. `wanted`: by row, what the configuration asks for. */
export function changeNames(
  name: string,
  old: Certificate,
  { addSans = [], removeSans = [], wantedSans }: RenewalOrder,
): NameChange | Refusal | undefined {
  const change: SubjectAltNameChange = { add: addSans, remove: removeSans, wanted: wantedSans?.get(name) }
  const isAsked = change.add.length + change.remove.length > 0 || change.wanted !== undefined
  if (!isAsked || !NAMED_ROWS.includes(name)) return undefined
  try {
    return describeChange(old, changeSubjectAltNames(subjectAltNamesOf(old), change))
  } catch (error) {
    return { reason: 'NAMES_UNUSABLE', message: `its SANs cannot be read: ${messageOf(error)}` }
  }
}

function describeChange(old: Certificate, change: ChangedSubjectAltNames): NameChange | Refusal | undefined {
  const { names, added, removed, notThere } = change
  const warnings = notThere.map(name => `${describeSubjectAltName(name)} was not among its SANs`)
  if (names.length === 0) return { reason: 'NAMES_UNUSABLE', message: 'no SAN would be left' }
  const isSame = added.length + removed.length === 0
  if (isSame && warnings.length === 0) return undefined
  const extension = subjectAltNameExtension(names, { critical: isSubjectAltNameCritical(old) })
  return {
    added: added.map(describeSubjectAltName),
    removed: removed.map(describeSubjectAltName),
    ...(!isSame && { extension }),
    warnings,
  }
}

/** What a certificate made after the old one has in it, key identifiers aside. */
export function extensionsAfter(old: Certificate, names: NameChange | undefined): ReadonlyMap<string, Der> {
  const { extensions } = tbsPartsOf(old.der)
  return names?.extension ? new Map([...extensions, [SUBJECT_ALT_NAME, names.extension]]) : extensions
}
