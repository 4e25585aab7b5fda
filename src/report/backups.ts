/** Backups and rollbacks, as text or data. */
import type { BackupEntry, BackupList, RollbackResult } from '../pki/rollback-result.ts'
import { printable } from './printable.ts'
import { API_VERSION, backupDocument, renderJson, renderYaml, rollbackDocument } from './structured.ts'
import { renderTable } from './table.ts'

const HEADER = ['BACKUP', 'TIME', 'FILES', 'ROLLBACK', 'COMMAND']

function renderHistory({ backups }: BackupList): string {
  return backups.length === 0 ? '' : renderTable([HEADER, ...backups.map(rowOf)])
}

function rowOf({ id, time, command, files, changedSince, isUndone }: BackupEntry): string[] {
  const count = changedSince.length
  const rollback = isUndone ? 'undone' : count === 0 ? 'possible' : `${count} changed since`
  return [id, time, String(files.length), rollback, command]
}

function renderRollback({ dryRun, restored, removed }: RollbackResult): string {
  const would = dryRun ? 'would be ' : ''
  const lines = [
    ...restored.map(path => `${would}restored ${path}`),
    ...removed.map(path => `${would}removed ${path}`),
  ]
  return lines.map(line => `${printable(line)}\n`).join('')
}

export const HISTORY_FORMATS = {
  text: renderHistory,
  json: (list: BackupList) => renderJson(backupDocument(list)),
  yaml: (list: BackupList) => renderYaml(backupDocument(list)),
} as const satisfies Record<string, (list: BackupList) => string>

export const ROLLBACK_FORMATS = {
  text: renderRollback,
  json: (result: RollbackResult) => renderJson(rollbackDocument(result)),
  yaml: (result: RollbackResult) => renderYaml(rollbackDocument(result)),
} as const satisfies Record<string, (result: RollbackResult) => string>

const recoveryDocument = (notes: readonly string[]) => ({
  kind: 'RecoveryResult',
  apiVersion: API_VERSION,
  changed: notes.length > 0,
  notes,
})

/** What a recovery did, a sentence each. */
export const RECOVERY_FORMATS = {
  text: (notes: readonly string[]) => notes.map(note => `${printable(note)}\n`).join(''),
  json: (notes: readonly string[]) => renderJson(recoveryDocument(notes)),
  yaml: (notes: readonly string[]) => renderYaml(recoveryDocument(notes)),
} as const satisfies Record<string, (notes: readonly string[]) => string>
