/** What a check is proved with: a tree that trips it, whose remedy works as it stands, and one that comes near and does not. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import type { Check } from '../../src/pki/checks/check.ts'
import type { Finding, Severity } from '../../src/pki/finding.ts'
import { kubepki } from './host.ts'
import { verify } from './verify.ts'

export interface CheckCase {
  readonly code: string
  /** The test's name. */
  readonly of: string
  readonly tree: () => string | Promise<string>
  /** More words of the command, of which ROOT is the tree. */
  readonly args?: readonly string[]
  /** Nothing: the code is not among the findings. */
  readonly finds?: Expected
}

export interface Expected {
  /** ROOT is the tree. */
  readonly certificate: string | readonly string[]
  readonly severity: Severity
  readonly file?: RegExp
  readonly expected?: RegExp
  readonly found?: RegExp
  readonly impact?: RegExp
  /** A remedy that is no command. */
  readonly remedy?: RegExp
  /** The remedy is carried out, and the finding is gone. */
  readonly isRepaired?: true
}

export function proveChecks(checks: readonly Check[], cases: readonly CheckCase[]): void {
  it.each(cases)('$code: $of', async ({ code, tree, args = [], finds }) => {
    const root = await tree()
    const words = args.map(word => word.replace('ROOT', root))
    const look = async () => (await verify(root, ...words)).findings.filter(finding => finding.code === code)
    const findings = await look()
    if (!finds) return expect(findings).toEqual([])
    expectFindings(findings, finds, root)
    if (!finds.isRepaired) return undefined
    for (const { remedy } of findings) await carryOut(remedy)
    return expect(await look()).toEqual([])
  })

  it('every check has a tree that trips it, and one that does not', () => {
    const codes = checks.map(({ code }) => code).toSorted()
    const of = (isTripped: boolean) =>
      [
        ...new Set(cases.filter(({ finds }) => (finds !== undefined) === isTripped).map(({ code }) => code)),
      ].toSorted()
    expect(of(true)).toEqual(codes)
    expect(of(false)).toEqual(codes)
  })
}

function expectFindings(findings: readonly Finding[], finds: Expected, root: string): void {
  const { certificate, severity, isRepaired, remedy, ...patterns } = finds
  expect(findings.map(one => one.certificate).toSorted()).toEqual(
    [certificate]
      .flat()
      .map(name => name.replace('ROOT', root))
      .toSorted(),
  )
  for (const finding of findings) {
    expect(finding.severity).toBe(severity)
    expect(finding.impact).not.toBe('')
    for (const [field, pattern] of Object.entries(patterns))
      expect(finding[field as keyof Finding]).toMatch(pattern as RegExp)
    if (remedy) expect(finding.remedy).toMatch(remedy)
    for (const text of Object.values(finding)) expect(text).not.toMatch(/-----BEGIN|undefined|\p{Cc}/u)
  }
}

/** As a shell would, but kubepki in this process; what restarts a component is left out. */
export async function carryOut(remedy: string): Promise<void> {
  const [command = ''] = remedy.split(' # ')
  for (const part of command.split(' && ')) {
    if (part.startsWith('systemctl ')) continue
    const [, ...words] = part.split(' ')
    if (!part.startsWith('kubepki ')) execFileSync('sh', ['-c', part], { stdio: 'pipe' })
    else {
      const { exitCode, stderr } = await kubepki(...words)
      expect(exitCode, `${part}\n${stderr}`).toBe(0)
    }
  }
}
