/** What becomes of one file: every job that changes a node ends in a list of these. */
export interface FileChange {
  /** As shown to people. */
  readonly path: string
  /** Where it is written: links followed. */
  readonly realPath: string
  /** Null: the file goes away. */
  readonly contents: string | Uint8Array | null
  /** Holds a private key: readable by its owner alone. */
  readonly isSecret: boolean
  /** Of a file that is put back; by default the old file's, else 0644, of a secret 0600. */
  readonly mode?: number
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/** A directory that has to be there first. */
export interface DirectoryChange {
  readonly path: string
  readonly realPath: string
  readonly mode: number
}
