/** The requests of a node: kubeadm's lines, or data. */
import type { RequestsResult } from '../pki/described-requests.ts'
import { printable } from './printable.ts'
import { renderJson, renderYaml, requestsDocument } from './structured.ts'

function renderText({ certDir, kubeconfigDir, requests }: RequestsResult): string {
  const listed = (kind: 'leaf' | 'kubeconfig', directory: string) => {
    const names = requests.flatMap(row => (row.kind === kind ? `  ${row.baseName}` : []))
    return names.length === 0 ? [] : [`generating keys and CSRs in ${directory}`, ...names]
  }
  const lines = [...listed('leaf', certDir), ...listed('kubeconfig', kubeconfigDir)]
  return lines.map(line => `${printable(line)}\n`).join('')
}

export const REQUESTS_FORMATS = {
  text: renderText,
  json: (result: RequestsResult) => renderJson(requestsDocument(result)),
  yaml: (result: RequestsResult) => renderYaml(requestsDocument(result)),
} as const satisfies Record<string, (result: RequestsResult) => string>
