/** The processes of the machine, as /proc has them. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import type { ProcessFacts } from '../pki/running.ts'

const PROC = '/proc'
/** Of the kernel's clock, on every architecture that Kubernetes runs on. */
const TICKS_PER_SECOND = 100

/** Undefined where there is no /proc to read, or it shows no process but one's own. */
export function readProcesses(): readonly ProcessFacts[] | undefined {
  const boot = /^btime (\d+)$/m.exec(textOf(`${PROC}/stat`) ?? '')?.[1]
  const pids = on(() => readdirSync(PROC))?.filter(name => /^\d+$/.test(name)) ?? []
  if (boot === undefined || !pids.includes('1')) return undefined
  return pids.flatMap(pid => describe(pid, Number(boot) * 1000) ?? [])
}

/** Undefined: it has ended meanwhile, or it is a thread of the kernel. */
function describe(pid: string, boot: number): ProcessFacts | undefined {
  const words = textOf(`${PROC}/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? []
  const started = startOf(textOf(`${PROC}/${pid}/stat`) ?? '')
  if (words.length === 0 || started === undefined) return undefined
  const hasOwnFiles = seesOwnFiles(pid)
  return {
    pid: Number(pid),
    words,
    startedAt: new Date(boot + (started / TICKS_PER_SECOND) * 1000),
    ...(hasOwnFiles !== undefined && { hasOwnFiles }),
  }
}

/** The 22nd field; the second is a name in brackets, which may hold anything. */
function startOf(stat: string): number | undefined {
  const started = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  return Number.isFinite(started) ? started : undefined
}

function seesOwnFiles(pid: string): boolean | undefined {
  const [own, other] = ['self', pid].map(one => on(() => readlinkSync(`${PROC}/${one}/ns/mnt`)))
  return own === undefined || other === undefined ? undefined : own === other
}

function textOf(path: string): string | undefined {
  return on(() => readFileSync(path, 'utf8'))
}

function on<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** When a file was last written; undefined where that cannot be told. */
export function changedAt({ realPath }: { readonly realPath?: string | undefined }): Date | undefined {
  return realPath === undefined ? undefined : on(() => statSync(realPath).mtime)
}
