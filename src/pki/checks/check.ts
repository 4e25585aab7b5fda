/** A check is a row: what it needs to know, and a pure function from the evidence to what is wrong. */
import type { Evidence } from '../evidence.ts'
import type { Finding, Severity } from '../finding.ts'
import type { Need } from './needs.ts'

export const GROUPS = {
  time: 'What expires when',
  pairs: 'Keys, signatures and certification paths',
  role: 'What each certificate is for',
  kubeconfigs: 'Kubeconfigs and copies of them',
  kubelet: "The kubelet's own files",
  files: 'Files, their modes and their contents',
  crypto: 'Algorithms and serial numbers',
  manifests: 'Static-pod manifests and the configuration',
  requests: 'Requests to an external CA',
  live: 'What the processes serve',
} as const
export type Group = keyof typeof GROUPS

export interface Check {
  /** A released code never changes. */
  readonly code: string
  readonly group: Group
  /** The gravest that it finds; an observation may say a lesser one. */
  readonly severity: Severity
  /** What is wrong, in one clause. */
  readonly title: string
  /** What has to be known: where it is not, the check does not run, and that is said. */
  readonly needs: readonly Need[]
  /** For the list of checks; a finding has the command. */
  readonly remedy: string
  /** Looks at what was found, all others at what it ought to have been: what follows from it is not told besides. */
  readonly isCause?: true
  readonly find: (evidence: Evidence) => readonly Observation[]
}

/** A finding without what its check says. */
export type Observation = Omit<Finding, 'code' | 'severity'> & {
  readonly severity?: Severity
  /** Other rows that it is about. */
  readonly concerns?: readonly string[]
}
