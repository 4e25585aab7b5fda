/** What an import did: a line a certificate, or data. */
import type { ImportResult } from '../pki/import-result.ts'
import { printable } from './printable.ts'
import { importDocument, renderJson, renderYaml } from './structured.ts'

function renderText({ installed, alreadyInstalled, dryRun }: ImportResult): string {
  const lines = [
    ...installed.map(({ name, longName, answerFile }) => ({
      name,
      line: `${longName} ${dryRun ? 'to be installed' : 'installed'} from ${answerFile}`,
    })),
    ...alreadyInstalled.map(({ name, longName }) => ({ name, line: `${longName} is installed already` })),
  ]
  const sorted = lines.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return sorted.map(({ line }) => `${printable(line)}\n`).join('')
}

export const IMPORT_FORMATS = {
  text: renderText,
  json: (result: ImportResult) => renderJson(importDocument(result)),
  yaml: (result: ImportResult) => renderYaml(importDocument(result)),
} as const satisfies Record<string, (result: ImportResult) => string>
