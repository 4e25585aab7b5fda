/** What `certs sign` asks whoever sits at the terminal. */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../../src/cli.ts'
import type { Host } from '../../src/commands/command.ts'
import { makeAuthority, openssl, P256 } from '../support/certificates.ts'
import { COMMAND, kubepki, NOW } from '../support/host.ts'
import { expectVerified } from '../support/made.ts'
import { fingerprint, tempDir } from '../support/node.ts'
import { authority, request, textOf, workplace } from '../support/signing.ts'

function encryptedPlace() {
  const directory = tempDir()
  const made = makeAuthority('kubernetes', P256)
  const ca = authority(directory, made)
  writeFileSync(ca.keyFile, openssl(['pkcs8', '-topk8', '-passout', 'pass:s\u00e9same'], made.key))
  const csr = request(directory, 'apiserver', {
    extensions: ['subjectAltName=DNS:a.example', 'basicConstraints=CA:TRUE'],
  })
  return { directory, ca, csr, certificate: csr.replace(/csr$/, 'crt') }
}

/** Answers in order; what was asked, with a mark for what is hidden. */
async function asked(answers: readonly (string | undefined)[], ...args: readonly string[]) {
  let [stdout, stderr] = ['', '']
  const questions: string[] = []
  const host: Host = {
    stdout: text => {
      stdout += text
    },
    stderr: text => {
      stderr += text
    },
    now: () => NOW,
    ask: async (question, { hidden = false } = {}) => {
      questions.push(hidden ? `hidden: ${question}` : question)
      return answers[questions.length - 1]
    },
  }
  const exitCode = await run(['certs', 'sign', ...args], host)
  return { stdout, stderr, questions, exitCode }
}

describe('before anything is signed', () => {
  it('shows what it is, warns and asks; after a yes it is a line', async () => {
    const { ca, csr, certificate } = encryptedPlace()
    const { stdout, stderr, questions, exitCode } = await asked(['s\u00e9same', ' Yes '], csr, ...ca.flags)
    expect(questions).toEqual([`hidden: Passphrase of ${ca.keyFile}: `, 'Sign this certificate? [y/N] '])
    expect(stderr).toContain('  SANs            DNS:a.example\n')
    expect(stderr.match(/asks to be a CA/g)).toHaveLength(1)
    expect({ stdout, exitCode }).toEqual({ stdout: `${csr} signed: ${certificate}\n`, exitCode: 0 })
    expectVerified(textOf(certificate), { authority: ca.certificate, purpose: 'sslserver' })
  })

  it('leaves stdout to what was asked for', async () => {
    const { csr, ca } = workplace()
    const { stdout } = await asked(['y'], csr, ...ca.flags, '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'SigningResult', changed: true })
  })

  it.each(['', 'n', 'no', 'yess', 'oui'])('signs nothing after %j', async answer => {
    const { directory, csr, ca } = workplace()
    const before = fingerprint(directory)
    const { stdout, stderr, exitCode } = await asked([answer], csr, ...ca.flags)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr).toMatch(/kubepki: error: the answer was not yes: nothing was signed\n$/)
    expect(fingerprint(directory)).toEqual(before)
  })

  it('is wrong use where nobody can answer', async () => {
    const { directory, csr, ca } = workplace()
    const before = fingerprint(directory)
    for (const { exitCode, stderr } of [
      await asked([], csr, ...ca.flags),
      await kubepki('certs', 'sign', csr, ...ca.flags),
    ]) {
      expect(exitCode).toBe(2)
      expect(stderr).toContain('there is no terminal to ask at: nothing was signed')
    }
    expect(fingerprint(directory)).toEqual(before)
  })

  it('asks for nothing with --yes, nor when something is refused', async () => {
    const { csr, ca } = workplace()
    expect((await asked([], csr, ...ca.flags, '--yes')).questions).toEqual([])
    expect((await asked([], csr, ...ca.flags)).questions).toEqual([])
  })
})

const canType = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'pipe' }).status === 0
if (!canType) console.warn('sign: nothing is typed at a terminal: script(1) is not installed')
const isBuilt = existsSync(COMMAND.at(-1) as string)

const quoted = (words: readonly string[]) => words.map(word => `'${word}'`).join(' ')

/** At a terminal: each answer when its question stands there. What the terminal shows, and the exit code. */
function typed(argv: readonly string[], answers: readonly (readonly [string, string])[]) {
  const child = spawn('script', ['-qec', quoted(argv), '/dev/null'], {
    env: { ...process.env, TERM: 'dumb' },
  })
  const left = [...answers]
  let shown = ''
  return new Promise<{ shown: string; exitCode: number | null }>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text
      const next = left[0]
      if (next === undefined || !shown.includes(next[0])) return
      left.shift()
      // The program sets the terminal's mode right after it has asked.
      setTimeout(() => child.stdin.write(next[1]), 1_000)
    })
    child.on('error', reject)
    child.on('close', exitCode => resolve({ shown: shown.replaceAll('\r', ''), exitCode }))
  })
}

describe.skipIf(!canType || !isBuilt)('typed at a terminal', () => {
  const argvFor = (csr: string, flags: readonly string[]) => [
    ...COMMAND,
    ...['certs', 'sign', csr, ...flags, '--now', NOW.toISOString()],
  ]

  it('the passphrase, which is not shown, mistakes taken back, and the yes', async () => {
    const { ca, csr, certificate } = encryptedPlace()
    const { shown, exitCode } = await typed(argvFor(csr, ca.flags), [
      ['Passphrase of', 'wrong\x15s\u00e9s\u00e9\x7fame\r'],
      ['[y/N]', 'y\r'],
    ])
    expect(exitCode, shown).toBe(0)
    expect(shown).not.toMatch(/same/)
    expect(shown).toContain(`${csr} signed: ${certificate}\n`)
  })

  it('Ctrl-C instead of it', async () => {
    const { ca, csr, directory } = encryptedPlace()
    const before = fingerprint(directory)
    const { shown, exitCode } = await typed(argvFor(csr, ca.flags), [['Passphrase of', 's\u00e9s\x03']])
    expect(shown).toContain('kubepki: error: interrupted; nothing was changed')
    expect(exitCode).toBe(1)
    expect(fingerprint(directory)).toEqual(before)
  })
})

describe.skipIf(!isBuilt)('a descriptor that is inherited', () => {
  it.each(['file', 'pipe'])('has the passphrase: a %s', async kind => {
    const { ca, csr, certificate } = encryptedPlace()
    const file = join(tempDir(), 'passphrase')
    writeFileSync(file, 's\u00e9same\n')
    const [program, ...args] = [
      ...COMMAND,
      'certs',
      'sign',
      csr,
      ...ca.flags,
      '--yes',
      '--passphrase-fd',
      '3',
    ]
    const descriptor = kind === 'file' ? openSync(file, 'r') : 'pipe'
    const child = spawn(program as string, [...args, '--now', NOW.toISOString()], {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
    })
    const pipe = child.stdio[3]
    if (pipe && 'end' in pipe) pipe.end('s\u00e9same\n')
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', text => {
      stderr += text
    })
    const exitCode = await new Promise(resolve => child.on('close', resolve))
    if (typeof descriptor === 'number') closeSync(descriptor)
    expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining('asks to be a CA'), exitCode: 0 })
    expectVerified(textOf(certificate), { authority: ca.certificate, purpose: 'sslserver' })
  })
})
