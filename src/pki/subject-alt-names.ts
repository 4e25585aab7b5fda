/** Which names a certificate has after a change, and what was changed. */
import { distinctNames, type SubjectAltName, subjectAltNameKey } from '../x509/subject-alt-name.ts'

export interface SubjectAltNameChange {
  readonly add: readonly SubjectAltName[]
  readonly remove: readonly SubjectAltName[]
  /** In place of all DNS names and addresses. */
  readonly wanted?: readonly SubjectAltName[] | undefined
}

export interface ChangedSubjectAltNames {
  /** The very list that was given when nothing is added or removed. */
  readonly names: readonly SubjectAltName[]
  readonly added: readonly SubjectAltName[]
  readonly removed: readonly SubjectAltName[]
  /** What was to be removed. */
  readonly notThere: readonly SubjectAltName[]
}

/** First what is wanted, then what is added, then what is removed. Names that stay keep their order. */
export function changeSubjectAltNames(
  old: readonly SubjectAltName[],
  { add, remove, wanted }: SubjectAltNameChange,
): ChangedSubjectAltNames {
  const before = wanted ? [...wanted, ...old.filter(isOfAnotherKind)] : old
  const all = [...before, ...without(distinctNames(add), before)]
  const names = without(all, remove)
  const added = without(names, old)
  const removed = without(old, names)
  const isChanged = added.length > 0 || removed.length > 0
  return { names: isChanged ? names : old, added, removed, notThere: without(distinctNames(remove), all) }
}

/** The configuration has no word for these. */
function isOfAnotherKind({ type }: SubjectAltName): boolean {
  return type !== 'DNS' && type !== 'IP'
}

function without(names: readonly SubjectAltName[], taken: readonly SubjectAltName[]): SubjectAltName[] {
  const keys = new Set(taken.map(subjectAltNameKey))
  return names.filter(name => !keys.has(subjectAltNameKey(name)))
}
