/** One job at a time: living holders are waited for or named, dead ones make room, and never do two proceed at once. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Ended, kubepkiProcess } from '../support/faults.ts'
import { backupsOf, filesOf, troublesAtRest } from '../support/judge.ts'
import { copyNode } from '../support/node.ts'

const RENEW = ['certs', 'renew', 'all', '--encryption-algorithm', 'ECDSA-P256']
const NAMED =
  /another kubepki is changing files here: "(?<command>[^"]+)", process (?<pid>\d+), since \d{4}-\d\d-\d\dT[\d:]+Z/

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

function startTimeOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

interface Holder {
  readonly pid: number
  readonly startTime?: string
  readonly bootId?: string
}

/** A lock as a process would have written it. */
function writeLock(root: string, holder: Holder): void {
  const directory = join(root, 'etc/kubernetes/kubepki-backups')
  mkdirSync(directory, { mode: 0o700, recursive: true })
  const own = { startTime: '1', bootId: bootId(), pidNamespace: readlinkSync('/proc/self/ns/pid'), ...holder }
  const text = JSON.stringify({ ...own, command: 'certs rollback', token: 'abcdefghijkl' })
  writeFileSync(join(directory, 'lock'), text, { mode: 0o600 })
}

/** A pid that was one and is none now. */
function deadPid(): Promise<number> {
  const child = spawn('true')
  return new Promise(resolve => child.on('exit', () => resolve(child.pid ?? 0)))
}

function livingProcess(): number {
  const child = spawn('sleep', ['60'])
  onTestFinished(() => {
    child.kill()
  })
  return child.pid ?? 0
}

const isRefused = ({ exitCode, stderr }: Ended) => exitCode === 1 && NAMED.test(stderr)

describe('renewals at once', () => {
  it('eight: each is done alone, or names who was first', async () => {
    const root = copyNode('ecdsa')
    const ended = await Promise.all(Array.from({ length: 8 }, () => kubepkiProcess(root, RENEW)))
    const winners = ended.filter(({ exitCode }) => exitCode === 0)
    const losers = ended.filter(({ exitCode }) => exitCode !== 0)
    console.log(`8 renewals at once: ${winners.length} done, ${losers.length} refused`)
    expect(losers.filter(one => !isRefused(one))).toEqual([])
    for (const { stderr } of losers) {
      expect(NAMED.exec(stderr)?.groups).toMatchObject({ command: 'certs renew all' })
    }
    expect(winners.length).toBe(backupsOf(root).size)
    expect(winners.length).toBeGreaterThanOrEqual(1)
    expect(losers.length).toBeGreaterThanOrEqual(1)
    expect(troublesAtRest(root)).toEqual([])
  })

  it('eight that wait: all are done, one after the other', async () => {
    const root = copyNode('ecdsa')
    const waiting = [...RENEW, '--lock-timeout', '2m']
    const ended = await Promise.all(Array.from({ length: 8 }, () => kubepkiProcess(root, waiting)))
    expect(ended.map(({ exitCode }) => exitCode)).toEqual(Array(8).fill(0))
    expect(backupsOf(root).size).toBe(8)
    expect(troublesAtRest(root)).toEqual([])
  })

  it('twelve that find one stale lock: never two at a time', async () => {
    const root = copyNode('ecdsa')
    for (let round = 0; round < 4; round += 1) {
      const before = backupsOf(root).size
      writeLock(root, { pid: await deadPid() })
      const keep = ['certs', 'renew', 'apiserver', '--keep-backups', '1000']
      const ended = await Promise.all(Array.from({ length: 12 }, () => kubepkiProcess(root, keep)))
      const winners = ended.filter(({ exitCode }) => exitCode === 0)
      expect(ended.filter(one => one.exitCode !== 0 && !isRefused(one))).toEqual([])
      expect(winners.length).toBeGreaterThanOrEqual(1)
      expect(backupsOf(root).size).toBe(before + winners.length)
      expect(troublesAtRest(root)).toEqual([])
      // Each backup holds what the one before it wrote: they went one after the other.
      const files = [...backupsOf(root).values()].flatMap(({ files }) => files)
      const crt = files.filter(({ path }) => path.endsWith('/apiserver.crt'))
      expect(new Set(crt.map(({ sha256Before }) => sha256Before)).size).toBe(crt.length)
    }
  })
})

describe('a lock', () => {
  it.each([
    ['whose process is gone', async () => ({ pid: await deadPid() })],
    ['whose number is another process now', () => ({ pid: livingProcess(), startTime: '1' })],
    [
      'from before the machine started again',
      () => {
        const pid = livingProcess()
        return { pid, startTime: startTimeOf(pid), bootId: '00000000-0000-0000-0000-000000000000' }
      },
    ],
  ])('%s makes room', async (_, holder) => {
    const root = copyNode('ecdsa')
    writeLock(root, await holder())
    expect(await kubepkiProcess(root, RENEW)).toMatchObject({ exitCode: 0 })
    expect(troublesAtRest(root)).toEqual([])
  })

  it('of a living process is named, and nothing is changed', async () => {
    const root = copyNode('ecdsa')
    const pid = livingProcess()
    writeLock(root, { pid, startTime: startTimeOf(pid) })
    const before = filesOf(root, true)
    const { exitCode, stderr } = await kubepkiProcess(root, RENEW)
    expect({ exitCode, holder: NAMED.exec(stderr)?.groups }).toEqual({
      exitCode: 1,
      holder: { command: 'certs rollback', pid: String(pid) },
    })
    expect(filesOf(root, true)).toEqual(before)
  })

  it('is waited for, and then says how long', async () => {
    const root = copyNode('ecdsa')
    const pid = livingProcess()
    writeLock(root, { pid, startTime: startTimeOf(pid) })
    const started = Date.now()
    const { exitCode, stderr } = await kubepkiProcess(root, [...RENEW, '--lock-timeout', '1s'])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('(waited 1 s)')
    expect(Date.now() - started).toBeGreaterThanOrEqual(1000)
  })

  it('is waited for until its process ends', async () => {
    const root = copyNode('ecdsa')
    const child = spawn('sleep', ['60'])
    const pid = child.pid ?? 0
    writeLock(root, { pid, startTime: startTimeOf(pid) })
    const renewal = kubepkiProcess(root, [...RENEW, '--lock-timeout', '1m'])
    await sleep(1500)
    const isWaiting = await Promise.race([renewal.then(() => false), sleep(1, true)])
    child.kill()
    expect(isWaiting).toBe(true)
    expect(await renewal).toMatchObject({ exitCode: 0 })
    expect(troublesAtRest(root)).toEqual([])
  })
})
