/** `certs verify` over trees: what it finds, by the command line. */
import { expect } from 'vitest'
import type { Check } from '../../src/pki/checks/check.ts'
import type { Finding } from '../../src/pki/finding.ts'
import { kubepki } from './host.ts'

export interface Verified {
  readonly findings: readonly Finding[]
  readonly notLookedAt: readonly { readonly what: string; readonly why: string }[]
  readonly exitCode: number
  readonly stderr: string
}

/** Every finding says something in each of its fields. */
export async function verify(root: string, ...args: string[]): Promise<Verified> {
  const { stdout, stderr, exitCode } = await kubepki('certs', 'verify', '--root', root, '-o', 'json', ...args)
  const { findings, notLookedAt } = JSON.parse(stdout) as Verified
  for (const finding of findings) expect(Object.values(finding), finding.code).not.toContain('')
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

/** `error KEY_MISMATCH apiserver`, the gravest first, of these checks alone. */
export function linesOf(checks: readonly Check[]) {
  const codes = new Set(checks.map(({ code }) => code))
  return async (root: string, ...args: string[]): Promise<string[]> => {
    const { findings } = await verify(root, ...args)
    return findings
      .filter(({ code }) => codes.has(code))
      .map(({ severity, code, certificate }) => `${severity} ${code} ${certificate}`)
  }
}

/** The first with that code. */
export async function findingOf(root: string, wanted: string, ...args: string[]): Promise<Finding> {
  const { findings } = await verify(root, ...args)
  const one = findings.find(({ code }) => code === wanted)
  if (!one) throw new Error(`no ${wanted} among ${findings.map(({ code }) => code).join(', ') || 'nothing'}`)
  return one
}
