/** Every command, in help order. Its file is loaded when argv names it. */
import type { Command } from './command.ts'

export interface CommandEntry {
  readonly group: string
  readonly verb: string
  /** As help shows them: `NAME...`. */
  readonly positionals?: string
  readonly describe: string
  readonly load: () => Promise<{ readonly command: Command }>
}

export interface Group {
  readonly name: string
  readonly aliases: readonly string[]
  readonly describe: string
}

export const GROUPS: readonly Group[] = [
  {
    name: 'certs',
    aliases: ['certificates'],
    describe: 'Commands related to handling Kubernetes certificates',
  },
]

export const COMMANDS: readonly CommandEntry[] = [
  {
    group: 'certs',
    verb: 'check-expiration',
    describe: 'Say when the certificates of this node expire',
    load: () => import('./certs/check-expiration.ts'),
  },
  {
    group: 'certs',
    verb: 'renew',
    positionals: 'all | NAME...',
    describe: 'Renew certificates, or request them where the CA is elsewhere',
    load: () => import('./certs/renew.ts'),
  },
  {
    group: 'certs',
    verb: 'history',
    describe: 'List the backups: every job that changed files',
    load: () => import('./certs/history.ts'),
  },
  {
    group: 'certs',
    verb: 'rollback',
    positionals: '[ID]',
    describe: 'Put back what a job replaced, the last one or the one named',
    load: () => import('./certs/rollback.ts'),
  },
  {
    group: 'certs',
    verb: 'recover',
    describe: 'Complete or undo a job that was interrupted',
    load: () => import('./certs/recover.ts'),
  },
]

export function commandLine({ group, verb }: CommandEntry): string {
  return `kubepki ${group} ${verb}`
}
