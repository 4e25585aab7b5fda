/** Which files a renewal writes, and what else lives in them: no renewal may write what another row keeps. */
import type { Entry, Snapshot } from './snapshot.ts'

interface Files {
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly all: readonly string[]
}

function filesOf({ file, certificateFile, key, kubeconfig }: Entry): Files {
  const { clientCertificate, clientKey, certificateAuthority } = kubeconfig?.config ?? {}
  const isEmbedding = [clientCertificate, clientKey, certificateAuthority].some(one => one?.at === 'data')
  const certificate = (certificateFile ?? file).realPath
  const keyPlace = clientKey?.at === 'data' ? file.realPath : key?.realPath
  const all = [certificate, keyPlace, ...(isEmbedding ? [file.realPath] : [])]
  return { certificate, key: keyPlace, all: all.filter(path => path !== undefined) }
}

export interface Ownership {
  /** Rows that are the very same certificate and key: renewed with this one. */
  readonly twins: readonly string[]
  /** Rows that keep something else in a file that this renewal would write. */
  readonly others: readonly string[]
}

export function ownershipOf(snapshot: Snapshot, entry: Entry): Ownership {
  const mine = filesOf(entry)
  const sharing = snapshot.entries.filter(
    other => other !== entry && isKept(other) && overlaps(mine, filesOf(other)),
  )
  const isTwin = (other: Entry) => {
    const { certificate, key } = filesOf(other)
    return isRenewable(other) && certificate === mine.certificate && key === mine.key
  }
  const isServiceAccounts = snapshot.serviceAccount.some(
    ({ realPath }) => realPath && mine.all.includes(realPath),
  )
  const others = sharing.filter(other => !isTwin(other)).map(({ name }) => name)
  return {
    twins: sharing.filter(isTwin).map(({ name }) => name),
    others: isServiceAccounts ? [...others, "the service account's key"] : others,
  }
}

/** A CA's files are kept even when one of the two is missing. */
function isKept({ kind, certificate }: Entry): boolean {
  return kind === 'ca' || certificate.state !== 'missing'
}

function isRenewable({ kind, isListed }: Entry): boolean {
  return isListed && kind !== 'ca'
}

function overlaps(one: Files, other: Files): boolean {
  return one.all.some(path => other.all.includes(path))
}
