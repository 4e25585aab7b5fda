/** What a renewal would do, before it does it: a block a certificate, or data. */
import { baseNameOfCa } from '../inventory/select.ts'
import type { PlannedRenewal, PlannedRequest, RenewalPlan } from '../pki/renewal-result.ts'
import { printable } from './printable.ts'
import { planDocument, renderJson, renderYaml } from './structured.ts'
import { renderDate } from './table.ts'

function renderText({ renew, request, skipped }: RenewalPlan): string {
  const blocks = [
    ...renew.map(one => ({ name: one.name, text: renewalBlock(one) })),
    ...request.map(one => ({ name: one.name, text: requestBlock(one) })),
    ...skipped.map(({ name, message }) => ({
      name,
      text: `${name}: left as it is: ${printable(message)}\n`,
    })),
  ]
  const sorted = blocks.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return sorted.map(({ text }) => text).join('')
}

const date = (instant: string) => renderDate(new Date(instant))

function renewalBlock(plan: PlannedRenewal): string {
  const { name, caName, caSubject, file, keyFile, newKey } = plan
  return block(`${name}: would be renewed`, [
    ['expires', `${date(plan.previousExpirationDate)} -> ${date(plan.expirationDate)}`],
    ['serial', `${plan.previousSerialNumber} -> a new one`],
    ['key', `${keyTypes(plan)}, ${newKey ? 'a new key' : 'the same key'}`],
    ['SANs', sans(plan)],
    ['signed by', `${caName} (${caSubject})`],
    ['files', newKey && keyFile !== file ? `${file}, ${keyFile}` : file],
  ])
}

function keyTypes({ previousKeyAlgorithm, keyAlgorithm }: PlannedRenewal): string {
  return previousKeyAlgorithm === keyAlgorithm ? keyAlgorithm : `${previousKeyAlgorithm} -> ${keyAlgorithm}`
}

/** Both signs stand before each name, for whoever looks for one. */
function sans({ subjectAltNamesAdded, subjectAltNamesRemoved }: PlannedRenewal | PlannedRequest): string {
  const added = subjectAltNamesAdded.map(name => `+${name}`)
  const removed = subjectAltNamesRemoved.map(name => `-${name}`)
  return [...added, ...removed].join(' ') || 'unchanged'
}

function requestBlock(plan: PlannedRequest): string {
  const { name, caName, externallyManaged, created, csrFile, keyFile } = plan
  const why = externallyManaged ? `, the key of ${baseNameOfCa(caName)} is not here` : ''
  if (!created) return `${name}: its request is pending and stays${why}: ${printable(csrFile)}\n`
  return block(`${name}: a request would be written${why}`, [
    ['expires', date(plan.previousExpirationDate)],
    ['key', `${plan.keyAlgorithm}, a new key`],
    ['SANs', sans(plan)],
    ['files', `${csrFile}, ${keyFile}`],
  ])
}

function block(title: string, fields: readonly (readonly [string, string])[]): string {
  const lines = fields.map(([name, value]) => `  ${name.padEnd(10)} ${printable(value)}\n`)
  return `${title}\n${lines.join('')}`
}

export const PLAN_FORMATS = {
  text: renderText,
  json: (plan: RenewalPlan) => renderJson(planDocument(plan)),
  yaml: (plan: RenewalPlan) => renderYaml(planDocument(plan)),
} as const satisfies Record<string, (plan: RenewalPlan) => string>
