/** Who a client certificate says it is, as Go reads its subject: Kubernetes takes the CN as user, each O as group. */
import type { Certificate } from './certificate.ts'
import { tbsPartsOf } from './der.ts'
import { attributesOf, COMMON_NAME, type NameAttribute, ORGANIZATION } from './name.ts'

export interface Identity {
  /** The last, where there are several; empty: none. */
  readonly commonName: string
  readonly organizations: readonly string[]
}

export function identityOf(certificate: Certificate): Identity {
  const attributes = subjectOf(certificate)
  const valuesOf = (wanted: string) => attributes.flatMap(({ type, value }) => (type === wanted ? value : []))
  return { commonName: valuesOf(COMMON_NAME).at(-1) ?? '', organizations: valuesOf(ORGANIZATION) }
}

function subjectOf({ der }: Certificate): readonly NameAttribute[] {
  try {
    return attributesOf(tbsPartsOf(der).subject)
  } catch {
    return []
  }
}
