/** Which names a certificate is good for. */
import type { Certificate } from '../x509/certificate.ts'
import {
  describeSubjectAltName,
  isSameSubjectAltName,
  type SubjectAltName,
  subjectAltNamesOf,
} from '../x509/subject-alt-name.ts'

/** The names that are wanted and that the certificate has not, neither itself nor by a wildcard. */
export function lackingNames(certificate: Certificate, wanted: readonly SubjectAltName[]): readonly string[] {
  const names = readableNames(certificate)
  const covers = (name: SubjectAltName) =>
    names.some(one => isSameSubjectAltName(one, name) || isWild(one, name))
  return wanted.filter(name => !covers(name)).map(describeSubjectAltName)
}

/** None where the extension cannot be read. */
export function readableNames(certificate: Certificate): readonly SubjectAltName[] {
  try {
    return subjectAltNamesOf(certificate)
  } catch {
    return []
  }
}

/** `*.example.com` stands for one label (RFC 6125 section 6.4.3). */
function isWild(pattern: SubjectAltName, { type, value }: SubjectAltName): boolean {
  if (type !== 'DNS' || pattern.type !== 'DNS' || !pattern.value.startsWith('*.')) return false
  return value.slice(value.indexOf('.')).toLowerCase() === pattern.value.slice(1).toLowerCase()
}
