/** Whom a connection is to, as whom, and what it may touch of the outside. */
import type { ClusterContext } from '../kubernetes/cluster-context.ts'
import type { Credential } from '../kubernetes/kubeconfig.ts'

export interface ClusterTarget {
  readonly context: ClusterContext
  /** Milliseconds for one request, from the first byte to the last. */
  readonly timeout: number
  readonly now: () => Date
  /** Of a file that a kubeconfig names; throws a PkiError. */
  readonly readFile: (path: string) => string
  /** What credential plugins are started with. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What is worth telling whoever waits: a plugin's words, a server that is away. */
  readonly onNote: (message: string) => void
  /** For commands that are printed: ` --kubeconfig F`. */
  readonly commandFlags?: string | undefined
}

/** The text of a credential, read anew where it is in a file. */
export function pemOf(
  credential: Credential | undefined,
  { readFile }: Pick<ClusterTarget, 'readFile'>,
): string | undefined {
  return credential?.at === 'file' ? readFile(credential.file) : credential?.pem
}
