/** What listens where on a node, what it showed, and what runs there since when. Nothing in it is decided yet. */
import type { Component } from '../inventory/catalog.ts'
import type { Certificate, CertificateFile } from '../x509/certificate.ts'
import type { Found } from './snapshot.ts'

/** `loopback`: the API server's own connections to itself. `further`: an address that the user named. */
export type ListenerRole = 'serving' | 'peer' | 'loopback' | 'further'

export interface Listener {
  readonly component: Component
  readonly role: ListenerRole
  readonly host: string
  readonly port: number
  /** Asked for in the handshake; absent: none. */
  readonly serverName?: string
  /** What is to be served there; absent: the component makes its own at every start. */
  readonly expected?: ServedFile
}

/** A row's, or one that a flag of the component names. */
export interface ServedFile {
  readonly name: string
  readonly caName?: string | undefined
  /** As shown to people. */
  readonly file: string
  /** Where the bytes are, of what is no row. */
  readonly realPath?: string | undefined
  readonly certificate: Found<CertificateFile>
}

export interface LiveEndpoint extends Listener {
  readonly state: 'refused' | 'silent' | 'tls' | 'open'
  /** The server's own first; empty: none that can be read. */
  readonly chain: readonly Certificate[]
  readonly isConnected: boolean
  readonly errorCode?: string
}

export interface RunningProcess {
  readonly pid: number
  readonly component: Component
  readonly startedAt: Date
}

export interface LiveEvidence {
  readonly endpoints: readonly LiveEndpoint[]
  /** Those of this node; undefined: the machine does not tell. */
  readonly processes: readonly RunningProcess[] | undefined
  /** Row -> when its file was last written. */
  readonly changedAt: ReadonlyMap<string, Date>
  /** The tree is not this machine's own: whoever answered may be another node. */
  readonly isOtherRoot: boolean
}

/** `127.0.0.1:6443`, `[::1]:6443` */
export function addressOf({ host, port }: Pick<Listener, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
