/** Options that name a CA and open its key, for every command that signs. */
import type { AuthorityOptions, SignerOptions } from '../operations/signing-authority.ts'
import { AUTHORITY_NAMES } from '../pki/signing-authority.ts'
import { type PassphraseSource, readPassphrase } from '../store/passphrase.ts'
import { SIGNER_INPUTS, type SignerInput } from '../x509/remote-signature.ts'
import { caOption, descriptorOption, signerFlags, wordsOption } from './certs/sign-flags.ts'
import type { Host, OptionTable } from './command.ts'
import { durationOption, fileOption, tell } from './options.ts'

const TIMEOUT = 60_000

export const AUTHORITY_OPTIONS = {
  ca: { type: 'string', coerce: caOption, describe: `A CA of this node: ${AUTHORITY_NAMES.join(', ')}` },
  'ca-cert': fileOption('ca-cert', 'Certificate of a CA, and behind it those above it'),
  'ca-key': fileOption('ca-key', 'Its private key: PKCS#1, SEC1 or PKCS#8, also encrypted'),
} as const satisfies OptionTable

export const KEY_OPTIONS = {
  'passphrase-file': fileOption('passphrase-file', 'Has the passphrase of the key in its first line'),
  'passphrase-fd': {
    type: 'string',
    coerce: descriptorOption,
    describe: 'An open descriptor to read it from, such as 3',
  },
  'signer-command': {
    type: 'string',
    coerce: wordsOption,
    describe:
      'A program that has the key, and its arguments ({hash}: sha256, ...): what is to be signed is its standard input, the signature its output, both in bytes',
  },
  'signer-input': {
    choices: [...SIGNER_INPUTS] as SignerInput[],
    describe:
      'What the program is given: the digest, for RSA in DigestInfo, or all that is to be hashed (default: digest)',
  },
  'signer-timeout': {
    type: 'string',
    coerce: durationOption('signer-timeout'),
    describe: 'How long it may take for one signature (default: 60s)',
  },
} as const satisfies OptionTable

export function passphraseFrom(
  source: PassphraseSource | undefined,
  host: Host,
): AuthorityOptions['passphrase'] {
  return async file =>
    source ? readPassphrase(source) : host.ask?.(`Passphrase of ${file}: `, { hidden: true })
}

type SignerArguments = Parameters<typeof signerFlags>[0] & {
  readonly 'signer-input'?: SignerInput | undefined
}

export function signerFrom(args: SignerArguments, host: Host): SignerOptions | undefined {
  const signer = signerFlags(args)
  return (
    signer && {
      words: signer.words,
      input: args['signer-input'] ?? 'digest',
      timeout: signer.timeout ?? TIMEOUT,
      onLine: line => tell.note(host, `signer: ${line}`),
    }
  )
}
