/** What the flags of `certs sign` say together. */
import { PkiError } from '../../errors.ts'
import type { AuthorityFiles } from '../../operations/signing-authority.ts'
import { AUTHORITY_NAMES } from '../../pki/signing-authority.ts'
import type { PassphraseSource } from '../../store/passphrase.ts'

interface Flags {
  readonly ca?: string | undefined
  readonly 'ca-cert'?: string | undefined
  readonly 'ca-key'?: string | undefined
  readonly 'signer-command'?: readonly string[] | undefined
  readonly 'signer-input'?: string | undefined
  readonly 'signer-timeout'?: number | undefined
  readonly 'passphrase-file'?: string | undefined
  readonly 'passphrase-fd'?: number | undefined
}

const usage = (message: string, hint?: string) => new PkiError('USAGE', message, { hint })

const CHOICE = '--ca NAME for one of this node, --ca-cert F --ca-key F for files'

export function authorityFlags(flags: Flags): string | AuthorityFiles {
  const { ca, 'ca-cert': certificate, 'ca-key': key, 'signer-command': command } = flags
  if (ca !== undefined && (certificate !== undefined || key !== undefined))
    throw usage('--ca and --ca-cert exclude each other', CHOICE)
  if (ca !== undefined) return ca
  if (certificate === undefined)
    throw usage(`wanted a CA, found ${key === undefined ? 'none' : '--ca-key alone'}`, CHOICE)
  if (key !== undefined && command !== undefined)
    throw usage('--ca-key and --signer-command exclude each other', 'the program has the key, no file does')
  if (key === undefined && command === undefined)
    throw usage(
      '--ca-cert wants --ca-key F too',
      'or --signer-command, when a device or a service has the key',
    )
  return { certificate, key }
}

export function signerFlags(flags: Flags) {
  const { 'signer-command': words, 'signer-input': input, 'signer-timeout': timeout } = flags
  if (words !== undefined) return { words, input, timeout }
  if (input !== undefined || timeout !== undefined)
    throw usage('--signer-input and --signer-timeout want --signer-command too')
  return undefined
}

export function passphraseFlags(flags: Flags): PassphraseSource | undefined {
  const { 'passphrase-file': file, 'passphrase-fd': descriptor } = flags
  if (file !== undefined && descriptor !== undefined)
    throw usage('--passphrase-file and --passphrase-fd exclude each other')
  if (file !== undefined) return { file }
  return descriptor === undefined ? undefined : { descriptor }
}

export function caOption(value: unknown): string {
  const name = String(value)
  if (AUTHORITY_NAMES.includes(name)) return name
  throw usage(`--ca wants one of ${AUTHORITY_NAMES.join(', ')}, found "${name}"`, CHOICE)
}

export function descriptorOption(value: unknown): number {
  const descriptor = Number(value)
  if (/^\d{1,4}$/.test(String(value))) return descriptor
  throw usage(
    `--passphrase-fd wants the number of an open descriptor, found "${value}"`,
    'such as 3, with 3< FILE',
  )
}

/** What stands between spaces, or between quotes; a backslash takes what follows as it is, but for single quotes. No shell. */
export function wordsOption(value: unknown): string[] {
  const text = String(value)
  const words = [...text.matchAll(WORD)].map(([word]) => unquoted(word))
  if (text.replaceAll(WORD, '').trim() !== '')
    throw usage(
      '--signer-command has a quote or a backslash that does not end',
      'single quotes around all of it',
    )
  if (words.length > 0 && words[0] !== '') return words
  throw usage('--signer-command wants a program, found nothing')
}

const PIECE = String.raw`'[^']*'|"(?:\\(?:.|\n)|[^"\\])*"|\\(?:.|\n)|[^\s'"\\]`
const WORD = new RegExp(`(?:${PIECE})+`, 'g')

function unquoted(word: string): string {
  return word.replaceAll(new RegExp(PIECE, 'g'), piece => {
    if (piece.startsWith("'")) return piece.slice(1, -1)
    const inner = piece.startsWith('"') ? piece.slice(1, -1) : piece
    return inner.replaceAll(/\\(.|\n)/g, '$1')
  })
}
