/** What a request asks for and does not get, and what whoever signs it should know. */

import { weaknessOf } from '../x509/key-algorithm.ts'
import { attributesOf, ORGANIZATION } from '../x509/name.ts'
import { describeSubjectAltName } from '../x509/subject-alt-name.ts'
import { extKeyUsageIn, isCaIn, keyUsageIn } from '../x509/usage.ts'
import type { Considered } from './signing-flaws.ts'
import { strayings } from './signing-profile.ts'

type Rule = (considered: Considered) => readonly string[]

const GIVEN = new Set(['digitalSignature', 'keyEncipherment'])
/** keyUsage, extKeyUsage, basicConstraints, subjectAltName: each has a rule of its own. The key identifier says nothing. */
const KNOWN = new Set(['2.5.29.15', '2.5.29.37', '2.5.29.19', '2.5.29.17', '2.5.29.14'])

const RULES: readonly Rule[] = [
  ({ authority: { signer } }) => {
    const weakness = weaknessOf(signer.certificate.keyAlgorithm)
    return weakness === undefined ? [] : [`the CA has ${weakness}`]
  },
  ({ request }) => (isCaIn(request.extensions) ? ['asks to be a CA (CA:TRUE): left out'] : []),
  ({ request }) => {
    const extra = keyUsageIn(request.extensions)?.filter(usage => !GIVEN.has(usage)) ?? []
    return extra.length > 0 ? [`asks for the key usage ${extra.join(', ')}: left out`] : []
  },
  ({ request, profile }) => {
    const given: readonly string[] = profile.extKeyUsage
    const asked = extKeyUsageIn(request.extensions)
    const extra = asked?.filter(usage => !given.includes(usage)) ?? []
    const lacking = asked ? given.filter(usage => !asked.includes(usage)) : []
    return [
      ...(extra.length > 0 ? [`asks for the extended key usage ${extra.join(', ')}: left out`] : []),
      ...(lacking.length > 0 ? [`does not ask for ${lacking.join(', ')}, which the profile gives it`] : []),
    ]
  },
  ({ request, profile }) => {
    if (profile.hasNames || request.subjectAltNames.length === 0) return []
    const names = request.subjectAltNames.map(describeSubjectAltName).join(', ')
    return [`asks for the subject alternative names ${names}: left out, a client has none`]
  },
  ({ request }) => {
    const other = [...request.extensions.keys()].filter(oid => !KNOWN.has(oid))
    return other.length > 0 ? [`asks for the extension ${other.join(', ')}: left out`] : []
  },
  ({ request, profile }) => {
    const isMaster = attributesOf(request.subject).some(
      ({ type, value }) => type === ORGANIZATION && value === 'system:masters',
    )
    return isMaster && profile.extKeyUsage.includes('clientAuth')
      ? ['O=system:masters may do everything, whatever RBAC says, until it expires or the CA is replaced']
      : []
  },
  ({ request, profile }) => strayings(profile, request),
  ({ profile: { requested }, authority }) => {
    const { caSubject, caFingerprintSha256 } = requested ?? {}
    const namesake = authority.path.find(({ subject }) => subject === caSubject)
    const isSame = authority.path.some(one => one.fingerprintSha256 === caFingerprintSha256)
    return !namesake || caFingerprintSha256 === undefined || isSame
      ? []
      : [
          `the cluster trusts the ${caSubject} with the SHA-256 fingerprint ${caFingerprintSha256}, and this one's is ${namesake.fingerprintSha256}: unless it has the same key, no component takes what it signs`,
        ]
  },
  ({ profile: { requested } }) =>
    requested?.installed === undefined
      ? []
      : [`requests.json says that it was answered, and installed on ${requested.installed}`],
  ({ profile: { requested } }) =>
    requested?.replaced === undefined
      ? []
      : [
          `requests.json says that another request took its place on ${requested.replaced}: no answer to it is wanted`,
        ],
  ({ profile: { requested } }) => {
    const wanted = requested?.keyUsage.filter(usage => !GIVEN.has(usage)) ?? []
    return wanted.length > 0 ? [`requests.json asks for the key usage ${wanted.join(', ')}: left out`] : []
  },
]

export function signingWarnings(considered: Considered): string[] {
  return [...new Set(RULES.flatMap(rule => rule(considered)))]
}
