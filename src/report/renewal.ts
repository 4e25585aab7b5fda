/** What a renewal did: kubeadm's lines, or data. */
import { baseNameOfCa } from '../inventory/select.ts'
import type { PendingRequest, RenewalResult } from '../pki/renewal-result.ts'
import { printable } from './printable.ts'
import { renderJson, renderYaml, renewalDocument } from './structured.ts'

interface Context {
  readonly isAll: boolean
}

const DONE =
  'Done renewing certificates. You must restart the kube-apiserver, kube-controller-manager, kube-scheduler and etcd, so that they can use the new certificates.'

/** kubeadm has no restart, and so no line for it. */
const DONE_AND_RESTARTED = 'Done renewing certificates. What held the old ones was restarted.'

/** One line a certificate, by name; what was skipped because something is wrong is on stderr instead. */
function renderText(result: RenewalResult, { isAll }: Context): string {
  const lines = [
    ...result.renewed.map(({ name, longName }) => ({ name, line: `${longName} renewed` })),
    ...result.pending.map(one => ({ name: one.name, line: pendingLine(one) })),
    ...result.skipped.flatMap(({ name, longName, reason }) =>
      reason === 'MISSING' ? { name, line: `MISSING! ${longName}` } : [],
    ),
  ]
  const sorted = lines.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ line }) => line)
  const isRestarted = result.restarted !== undefined && result.restart.length === 0
  const done = isAll && result.renewed.length > 0 ? ['', isRestarted ? DONE_AND_RESTARTED : DONE] : []
  return [...sorted, ...done].map(line => `${printable(line)}\n`).join('')
}

function pendingLine({ longName, caName, externallyManaged, created, csrFile }: PendingRequest): string {
  const request = created ? `request written to ${csrFile}` : `request pending in ${csrFile}`
  return externallyManaged
    ? `Detected external ${baseNameOfCa(caName)}, ${longName} can't be renewed: ${request}`
    : `${longName}: ${request}`
}

export const RENEWAL_FORMATS = {
  text: renderText,
  json: (result: RenewalResult) => renderJson(renewalDocument(result)),
  yaml: (result: RenewalResult) => renderYaml(renewalDocument(result)),
} as const satisfies Record<string, (result: RenewalResult, context: Context) => string>
