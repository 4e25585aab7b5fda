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

/** What an operation found and did after a crash; its type is no more than what is shown. */
interface Recovery {
  readonly notes: readonly string[]
}

const recoveryDocument = (result: Recovery) => ({
  kind: 'RecoveryResult',
  apiVersion: API_VERSION,
  changed: result.notes.length > 0,
  ...result,
})

export const RECOVERY_FORMATS = {
  text: ({ notes }: Recovery) => notes.map(note => `${printable(note)}\n`).join(''),
  json: (result: Recovery) => renderJson(recoveryDocument(result)),
  yaml: (result: Recovery) => renderYaml(recoveryDocument(result)),
} as const satisfies Record<string, (result: Recovery) => string>
