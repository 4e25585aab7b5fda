/** What is signed for requests: a block each, or data. */
import type { SignedCertificate, SigningAuthoritySummary, SigningResult } from '../pki/signing-result.ts'
import { printable } from './printable.ts'
import { renderJson, renderYaml, signingDocument } from './structured.ts'

type Field = readonly [name: string, value: string]

function fieldsOf(
  one: SignedCertificate,
  { subject, file, expirationDate }: SigningAuthoritySummary,
): Field[] {
  return [
    ['profile', `${one.profile} (by ${one.profileSource})`],
    ['subject', one.subject || 'none'],
    ['SANs', one.subjectAltNames.join(', ') || 'none'],
    ['key usage', one.keyUsage.join(', ')],
    ['ext. key usage', one.extKeyUsage.join(', ')],
    ['key', one.keyAlgorithm],
    ['valid', `${one.notBefore} to ${one.expirationDate}`],
    ['CA', `${subject}, ${file}, until ${expirationDate}`],
    ['certificate', one.certificateFile],
    ...(one.serialNumber === undefined ? [] : [['serial number', one.serialNumber] as const]),
  ]
}

/** All that there is to look at before it is signed. */
export function renderSigning({ certificates, authority }: SigningResult): string {
  const blocks = certificates.map(one => {
    const lines = fieldsOf(one, authority).map(([name, value]) => `  ${name.padEnd(14)}  ${value}`)
    return [one.csrFile, ...lines].map(line => `${printable(line)}\n`).join('')
  })
  return blocks.join('\n')
}

/** A line each, for whoever has seen the rest. */
export function renderSigned({ certificates }: SigningResult): string {
  return certificates
    .map(({ csrFile, certificateFile }) => `${printable(`${csrFile} signed: ${certificateFile}`)}\n`)
    .join('')
}

export const SIGNING_FORMATS = {
  text: renderSigning,
  json: (result: SigningResult) => renderJson(signingDocument(result)),
  yaml: (result: SigningResult) => renderYaml(signingDocument(result)),
} as const satisfies Record<string, (result: SigningResult) => string>
