/** The built command as a process: what a shell, a pipe and another user see. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COMMAND } from '../support/host.ts'
import { copyNode, fixture, tempDir } from '../support/node.ts'

/** Nobody: no capabilities, so that modes count. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const canBecomeNobody = spawnSync('setpriv', [...NOBODY.slice(1), 'true']).status === 0
const asRoot = canBecomeNobody ? it : it.skip
if (!canBecomeNobody) console.log('process tests skipped: they need root and setpriv')

function kubepki(argv: readonly string[], before: readonly string[] = []) {
  const [command = '', ...rest] = [...before, ...COMMAND, ...argv]
  const { stdout, stderr, status } = spawnSync(command, rest, { encoding: 'utf8' })
  return { stdout, stderr, status }
}
const STOCK = ['--root', fixture('nodes/stock-1.31'), '--now', '2026-12-01T00:00:00Z']

describe('the process', () => {
  it('ends with the exit codes of the contract', () => {
    expect(kubepki(['certs', 'check-expiration', ...STOCK]).status).toBe(0)
    expect(kubepki(['certs', 'check-expiration', '--root', tempDir()]).status).toBe(1)
    expect(kubepki(['certs', 'bogus']).status).toBe(2)
    expect(kubepki(['certs', 'check-expiration', '--within', '9y', ...STOCK]).status).toBe(3)
  })

  it('ends quietly when the reader goes away', () => {
    const argv = [...COMMAND, 'certs', 'check-expiration', '-o', 'json', ...STOCK]
    const { stderr, status } = spawnSync('bash', ['-o', 'pipefail', '-c', '"$0" "$@" | true', ...argv], {
      encoding: 'utf8',
    })
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  })

  it('writes all of it into a slow pipe', () => {
    const script = '"$0" "$@" | (sleep 1; wc -c)'
    const argv = [...COMMAND, 'certs', 'check-expiration', '-o', 'json', ...STOCK]
    const whole = kubepki(argv.slice(COMMAND.length)).stdout
    expect(Number(spawnSync('bash', ['-c', script, ...argv], { encoding: 'utf8' }).stdout)).toBe(whole.length)
  })

  it('says that its output cannot be written', () => {
    const script = '"$0" "$@" > /dev/full'
    const argv = [...COMMAND, 'certs', 'check-expiration', ...STOCK]
    const { stderr, status } = spawnSync('bash', ['-c', script, ...argv], { encoding: 'utf8' })
    expect({ stderr, status }).toEqual({
      stderr: 'kubepki: error: cannot write the output: ENOSPC\n',
      status: 1,
    })
  })

  it('needs no environment', () => {
    expect(kubepki(['certs', 'check-expiration', ...STOCK], ['env', '-i']).status).toBe(0)
  })

  asRoot('says that a directory cannot be read', () => {
    const root = copyNode('stock-1.20')
    for (const directory of ['..', '.', 'etc', 'etc/kubernetes']) chmodSync(join(root, directory, '.'), 0o755)
    chmodSync(join(root, 'etc/kubernetes/pki'), 0o700)
    const { stdout, stderr, status } = kubepki(['certs', 'check-expiration', '--root', root], NOBODY)
    expect({ stdout, status }).toEqual({ stdout: '', status: 1 })
    expect(stderr).toMatch(
      /^kubepki: error: .*etc\/kubernetes\/pki: permission denied\nkubepki: hint: run as root.*\n$/,
    )
  })

  asRoot('makes rows of files that another user cannot read, and reports the rest', () => {
    const root = copyNode('stock-1.20')
    chmodSync(root, 0o755)
    const { stdout, stderr, status } = kubepki(['certs', 'check-expiration', '--root', root], NOBODY)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^!INVALID! admin.conf/m)
    expect(stdout).toMatch(/^apiserver {2,}\w/m)
    expect(stderr).toContain('admin.conf: permission denied')
  })

  asRoot('renews nothing as a user who may not write', () => {
    const root = copyNode('stock-1.20')
    chmodSync(root, 0o755)
    spawnSync('chmod', ['-R', 'a+rX', root])
    const { stderr, status } = kubepki(['certs', 'renew', 'all', '--root', root], NOBODY)
    expect(status).toBe(1)
    expect(stderr).toMatch(/kubepki: error: cannot write .*: permission denied; nothing was changed/)
  })

  it('does not wait for a pipe in place of a file', () => {
    const root = copyNode('stock-1.20', {
      'etc/kubernetes/pki/apiserver.crt': null,
      'etc/kubernetes/admin.conf': null,
    })
    spawnSync('mkfifo', [join(root, 'etc/kubernetes/pki/apiserver.crt')])
    mkdirSync(join(root, 'etc/kubernetes/admin.conf'))
    const { stdout, stderr } = kubepki(['certs', 'check-expiration', '--root', root])
    expect(stdout).toContain('!INVALID! apiserver')
    expect(stderr).toContain('apiserver.crt: not a regular file')
    expect(stderr).toContain('admin.conf: not a regular file')
  })
})
