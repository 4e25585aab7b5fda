import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/commands/index.ts'
import { kubepki } from '../support/host.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

const isThere = (command: string) => spawnSync(command, ['--version']).error === undefined
const absent = SHELLS.filter(shell => !isThere(shell))
for (const shell of absent) console.warn(`completion: ${shell} is not tested: it is not installed`)
const canType = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'pipe' }).status === 0
if (!canType) console.warn('completion: nothing is typed into a shell: script(1) is not installed')

const directory = mkdtempSync(join(tmpdir(), 'kubepki-completion-'))
const scriptOf = (shell: Shell) => join(directory, `${shell}.script`)

beforeAll(async () => {
  mkdirSync(join(directory, 'a node', 'inner'), { recursive: true })
  writeFileSync(join(directory, 'a file.yaml'), '')
  for (const shell of SHELLS) writeFileSync(scriptOf(shell), (await kubepki('completion', shell)).stdout)
})
afterAll(() => rmSync(directory, { recursive: true }))

/** What stands there when the tab key is pressed; what is offered. */
const CASES: readonly [string, string][] = [
  ['', 'certs csr init kubeconfig completion manual'],
  ['ce', 'certs'],
  [
    'certs ',
    'check-expiration verify checks renew history rollback recover generate-csr requests sign import certificate-key',
  ],
  ['certs re', 'renew recover requests'],
  ['certificates re', 'renew recover requests'],
  ['certificates renew admin', 'admin.conf'],
  ['init ', 'phase'],
  ['init phase ', 'certs kubeconfig'],
  ['init phase certs etcd-', 'etcd-ca etcd-server etcd-peer etcd-healthcheck-client'],
  ['init phase kubeconfig s', 'super-admin scheduler'],
  ['kubeconfig ', 'user'],
  ['completion ', 'bash zsh fish'],
  ['manual ', ''],
  ['certs history ', ''],
  ['bogus ', ''],
  ['certs bogus ', ''],
  ['certs --', '--help --version'],
  ['certs renew --sa', '--sans-from-config'],
  ['certs renew --within 30d apiserver-', 'apiserver-etcd-client apiserver-kubelet-client'],
  ['certs renew --within=30d apiserver-', 'apiserver-etcd-client apiserver-kubelet-client'],
  ['certs renew -v --dry-run apiserver admin', 'admin.conf'],
  ['--root /mnt certs renew admin', 'admin.conf'],
  ['certs renew --within ', ''],
  ['certs renew --key ', 'new keep'],
  ['certs renew --key k', 'keep'],
  ['certs renew --key=k', 'keep'],
  ['certs renew -o ', 'text json yaml'],
  ['certs check-expiration --output ', 'text wide json yaml'],
  ['certs check-expiration -o w', 'wide'],
]

/** The completion function with the words of the line: as bash cuts them, and what it would complete by itself. */
const IN_BASH = `source "$1"; shift
compopt() { printf '<%s>\\n' "$2"; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_kubepki; ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"`

/** As zsh has it in a completion, but for the prefix, which only its own compadd knows. */
const IN_ZSH = `compdef() { :; }; source "$1"; shift
compadd() { shift; for one in "$@"; do [[ $one == "$PREFIX"* ]] && print -r -- $one; done; :; }
compset() { PREFIX=\${PREFIX#*=}; }
_files() { print -r -- "<\${\${1:-default}/-\\//dirnames}>"; }
words=("$@") CURRENT=$# PREFIX=\${@[-1]}
_kubepki; :`

const IN_FISH = 'source $argv[1]; complete -C $argv[2]'

const OFFERED: Record<Shell, (line: string) => readonly string[]> = {
  bash: line => ['--norc', '-uc', IN_BASH, 'bash', scriptOf('bash'), ...line.split(/ |(?<==)|(?==)/)],
  zsh: line => ['-fc', IN_ZSH, 'zsh', scriptOf('zsh'), ...line.split(' ')],
  fish: line => ['--no-config', '-c', IN_FISH, scriptOf('fish'), line],
}

function offered(shell: Shell, line: string): string[] {
  const { stdout, stderr } = spawnSync(shell, OFFERED[shell](`kubepki ${line}`), { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.split('\n').flatMap(word => word.replace(/\t.*/, '').replace(/^--key=/, '') || [])
}

describe.each(SHELLS)('%s', shell => {
  const isAbsent = absent.includes(shell)

  it.skipIf(isAbsent)('the script has no syntax error', () => {
    const { status, stderr } = spawnSync(shell, ['-n', scriptOf(shell)], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  it.skipIf(isAbsent).each(CASES)('kubepki %s', (line, wanted) => {
    expect(offered(shell, line).toSorted()).toEqual(wanted.split(' ').filter(Boolean).toSorted())
  })

  it.skipIf(isAbsent)('every flag of every command', async () => {
    for (const { words, load } of COMMANDS) {
      const flags = Object.keys((await load()).command.options).map(name => `--${name}`)
      const found = offered(shell, `${words.join(' ')} --`)
      expect(found.toSorted()).toEqual([...flags, '--help', '--version'].toSorted())
    }
  })
})

describe('values that are paths', () => {
  it.skipIf(absent.includes('bash'))('are left to bash', () => {
    expect(offered('bash', 'certs renew --root ')).toEqual(['<dirnames>'])
    expect(offered('bash', 'certs renew --root=/mn')).toEqual(['<dirnames>'])
    expect(offered('bash', 'certs renew --config ')).toEqual(['<default>'])
    expect(offered('bash', 'certs sign --yes a.csr b')).toEqual(['<default>'])
    expect(offered('bash', 'certs sign --profile ')).toEqual([])
  })

  it.skipIf(absent.includes('zsh'))('are left to zsh', () => {
    expect(offered('zsh', 'certs renew --root ')).toEqual(['<dirnames>'])
    expect(offered('zsh', 'certs renew --root=/mn')).toEqual(['<dirnames>'])
    expect(offered('zsh', 'certs renew --config ')).toEqual(['<default>'])
    expect(offered('zsh', 'certs sign --yes a.csr b')).toEqual(['<default>'])
    expect(offered('zsh', 'certs sign --profile ')).toEqual([])
  })

  it.skipIf(absent.includes('fish'))('are left to fish', () => {
    expect(offered('fish', `certs renew --root ${directory}/a`)).toEqual([`${directory}/a node/`])
    expect(offered('fish', `certs renew --config ${directory}/a`)).toHaveLength(2)
    expect(offered('fish', `certs sign --yes ${directory}/a`)).toHaveLength(2)
    expect(offered('fish', `certs sign --profile ${directory}/a`)).toEqual([])
  })
})

const TYPED: readonly [string, string][] = [
  ['certs ren\t', '<certs><renew>'],
  ['certificates renew --within 30d front\t', '<certificates><renew><--within><30d><front-proxy-client>'],
  ['certs check-expiration -o w\t', '<certs><check-expiration><-o><wide>'],
  ['certs renew --key=k\t', '<certs><renew><--key=keep>'],
  ['certs renew --root DIR/a\tinn\t', '<certs><renew><--root><DIR/a node/inner>'],
  ['certs renew --root=DIR/a\tinn\t', '<certs><renew><--root=DIR/a node/inner>'],
  ['certs renew --config DIR/a\\ f\t', '<certs><renew><--config><DIR/a file.yaml>'],
]

const START = {
  bash: ['bash --norc --noprofile -i', 'bind "set bell-style none"'],
  zsh: ['zsh -f -i', 'autoload -Uz compinit; compinit -D -u'],
} as const

/** Typed at a terminal, the tab key and all; the command prints its arguments (zsh takes the last slash back). */
function typed(shell: 'bash' | 'zsh', line: string): Promise<string> {
  const [command, setup] = START[shell]
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, TERM: 'dumb' } })
  const print = `kubepki() { printf '<%s>' "$@"; echo; }`
  const lines = [
    `PS1=; ${setup}; source ${scriptOf(shell)}; ${print}; cd ${directory}; echo REA''DY`,
    `kubepki ${line}; echo EN''D`,
    'exit',
  ]
  return new Promise((resolve, reject) => {
    let output = ''
    const next = () => child.stdin.write(`${lines.shift()}\r`)
    const marks = ['READY\r\n', 'END\r\n']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (!output.includes(marks[0] ?? '\0')) return
      marks.shift()
      next()
    })
    child.on('error', reject)
    child.on('close', () => resolve(/^(<.*>)$/m.exec(output.slice(output.indexOf('READY')))?.[1] ?? output))
    next()
  })
}

describe.each(['bash', 'zsh'] as const)('typed into %s', shell => {
  it.skipIf(absent.includes(shell) || !canType).each(TYPED)('kubepki %j', async (line, wanted) => {
    const output = await typed(shell, line.replace('DIR', directory))
    expect(output.replace('/>', '>')).toBe(wanted.replace('DIR', directory))
  })
})
