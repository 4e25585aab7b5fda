/** `certs verify` over trees: what it finds, by the command line. */
import type { Finding } from '../../src/pki/finding.ts'
import { kubepki } from './host.ts'

export interface Verified {
  readonly findings: readonly Finding[]
  readonly notLookedAt: readonly { readonly what: string; readonly why: string }[]
  readonly exitCode: number
  readonly stderr: string
}

export async function verify(root: string, ...args: string[]): Promise<Verified> {
  const { stdout, stderr, exitCode } = await kubepki('certs', 'verify', '--root', root, '-o', 'json', ...args)
  const { findings, notLookedAt } = JSON.parse(stdout) as Verified
  return { findings, notLookedAt, exitCode, stderr }
}

/** `KEY_MISMATCH apiserver`, sorted; those of less than `warning` only when asked for. */
export async function codesOf(root: string, ...args: string[]): Promise<string[]> {
  const { findings } = await verify(root, ...args)
  return codesIn(findings.filter(({ severity }) => severity !== 'info'))
}

export function codesIn(findings: readonly Finding[]): string[] {
  return findings.map(({ code, certificate }) => `${code} ${certificate}`).toSorted()
}
