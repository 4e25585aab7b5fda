/** Exit codes of the process: the contract of the command line. */
export const EXIT = { done: 0, failed: 1, usage: 2, findings: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Every error code kubepki can end with, and the exit code it becomes. A released code never changes. */
export const ERRORS = {
  USAGE: EXIT.usage,
  UNKNOWN_CERTIFICATE: EXIT.usage,
  CSR_DIR_UNUSABLE: EXIT.usage,
  CONFIG_INVALID: EXIT.failed,
  NO_PKI: EXIT.failed,
  NOT_A_DIRECTORY: EXIT.failed,
  PERMISSION_DENIED: EXIT.failed,
  FILE_UNREADABLE: EXIT.failed,
  NO_ANSWER: EXIT.failed,
  KEY_UNSUPPORTED: EXIT.failed,
  CA_UNUSABLE: EXIT.failed,
  SIGNER_FAILED: EXIT.failed,
  NOT_CONFIRMED: EXIT.failed,
  KUBECONFIG_UNUSABLE: EXIT.failed,
  ISSUED_CERTIFICATE_WRONG: EXIT.failed,
  WRITE_FAILED: EXIT.failed,
  LOCKED: EXIT.failed,
  BACKUP_MISSING: EXIT.failed,
  BACKUP_INVALID: EXIT.failed,
  FILES_CHANGED_SINCE: EXIT.failed,
  RECOVERED_FIRST: EXIT.failed,
  RESTART_FAILED: EXIT.failed,
  NO_REQUESTS: EXIT.failed,
  INTERRUPTED: EXIT.failed,
  CLUSTER_UNREACHABLE: EXIT.failed,
  CLUSTER_UNTRUSTED: EXIT.failed,
  CREDENTIAL_PLUGIN_FAILED: EXIT.failed,
  UNAUTHORIZED: EXIT.failed,
  FORBIDDEN: EXIT.failed,
  NOT_FOUND: EXIT.failed,
  CONFLICT: EXIT.failed,
  REQUEST_INVALID: EXIT.failed,
  CLUSTER_REFUSED: EXIT.failed,
  LIST_EXPIRED: EXIT.failed,
  CSR_EXISTS: EXIT.failed,
  NOT_ISSUED: EXIT.failed,
} as const satisfies Record<string, ExitCode>
export type ErrorCode = keyof typeof ERRORS

/** "I cannot do what you asked": a message that names file, wanted and found; a hint the reader can act on. */
export class PkiError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  /** Kubernetes objects, as YAML, that an administrator applies to make it possible. */
  readonly manifest: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string | undefined; manifest?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'PkiError'
    this.code = code
    this.hint = options.hint
    this.manifest = options.manifest
  }

  get exitCode(): ExitCode {
    return ERRORS[this.code]
  }
}

/** The sentence of an error from a library or the system, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Why something on disk cannot be used. A state to report, not an exception. */
export const REASONS = {
  PERMISSION_DENIED: 'permission denied',
  NOT_A_FILE: 'not a regular file',
  NOT_A_DIRECTORY: 'wanted a directory, found a file',
  NOT_UTF8: 'not UTF-8 text',
  FILE_TOO_LARGE: 'too large for a certificate file',
  DANGLING_LINK: 'the symbolic link points to nothing',
  OUTSIDE_ROOT: 'leads out of the root',
  IO_ERROR: 'cannot be read',
  EMPTY_FILE: 'the file is empty',
  NOT_PEM: 'no PEM block in it',
  DER_NOT_PEM: 'DER bytes, wanted PEM',
  PEM_TRUNCATED: 'a PEM block has no END line',
  PEM_MALFORMED: 'a PEM block is not base64',
  KEY_INSTEAD_OF_CERTIFICATE: 'holds a private key, wanted a certificate',
  NO_CERTIFICATE: 'no CERTIFICATE block in it',
  CERTIFICATE_MALFORMED: 'not an X.509 certificate',
  CERTIFICATE_INSTEAD_OF_KEY: 'holds a certificate, wanted a private key',
  NO_KEY: 'no private key block in it',
  MANIFEST_MALFORMED: 'not the requests.json that kubepki writes',
  KEY_ENCRYPTED: 'the private key is encrypted',
  KEY_MALFORMED: 'not a private key',
  KEY_PASSPHRASE_WRONG: 'the passphrase does not open the private key',
  KEY_ENCRYPTION_UNSUPPORTED: 'the private key is encrypted in a way that cannot be read here',
  KEY_BESIDE_CERTIFICATE: 'holds a private key beside the certificate, which no CA returns',
  REQUEST_INSTEAD_OF_CERTIFICATE: 'holds a certificate request, wanted a certificate',
  CERTIFICATE_INSTEAD_OF_REQUEST: 'holds a certificate, wanted a certificate request',
  KEY_INSTEAD_OF_REQUEST: 'holds a private key, wanted a certificate request',
  NO_REQUEST: 'no certificate request in it',
  REQUEST_MALFORMED: 'not a certificate request',
  YAML_MALFORMED: 'not YAML',
  NOT_A_KUBECONFIG: 'not a kubeconfig',
  NO_CURRENT_CONTEXT: 'no current-context',
  CONTEXT_MISSING: 'the current context is not defined',
  USER_MISSING: "the current context's user is not defined",
  CLUSTER_MISSING: "the current context's cluster is not defined",
  TOKEN_USER: 'the user authenticates with a token, not a certificate',
  EXEC_USER: 'the user authenticates with a plugin, not a certificate',
  NO_CLIENT_CERTIFICATE: 'the user has no client certificate',
  BASE64_MALFORMED: 'the embedded data is not base64',
  BASE64_TWICE: 'the embedded data is base64 encoded twice',
  DATA_AS_PATH: 'holds data where a file name belongs',
  REFERENCE_MISSING: 'the file it refers to does not exist',
} as const satisfies Record<string, string>
export type Reason = keyof typeof REASONS

/** `found` says what was found instead, where there is more to say than the reason. */
export interface Unusable {
  readonly reason: Reason
  readonly found?: string | undefined
}

export function describeUnusable({ reason, found }: Unusable): string {
  return found === undefined ? REASONS[reason] : `${REASONS[reason]}: ${found}`
}
