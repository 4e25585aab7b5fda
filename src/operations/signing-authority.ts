/** The CA that the user named, ready to sign: its certificate read, its key opened, or a program found that has the key. */
import { describeUnusable, PkiError, type Unusable } from '../errors.ts'
import {
  type AuthorityFlaw,
  authorityFlaw,
  firstAuthority,
  type SigningAuthority,
  signingAuthority,
} from '../pki/signing-authority.ts'
import { entryNamed, type Found } from '../pki/snapshot.ts'
import { readUserBytes, readUserFile } from '../store/files.ts'
import { type ReadOptions, readSnapshot } from '../store/read.ts'
import { runSigner, type SignerProgram } from '../store/signer-command.ts'
import { readAnswer } from '../x509/answer.ts'
import { type Certificate, publicKeyOf, readCertificates } from '../x509/certificate.ts'
import type { Der } from '../x509/der.ts'
import type { RemoteAuthority } from '../x509/issue.ts'
import { isKeyOf, type PrivateKey, readPrivateKey } from '../x509/key.ts'
import { checkedSignature, type SignerInput, signerInput } from '../x509/remote-signature.ts'
import { signatureBy } from '../x509/signature.ts'

export interface AuthorityFiles {
  readonly certificate: string
  /** Absent: the signer program has it. */
  readonly key?: string | undefined
}

export interface SignerOptions extends SignerProgram {
  readonly input: SignerInput
}

export interface AuthorityOptions extends ReadOptions {
  /** A CA of this node, or files. */
  readonly ca: string | AuthorityFiles
  readonly signer?: SignerOptions | undefined
  /** Asked once, for a key that is encrypted; undefined: nobody knows it. */
  readonly passphrase?: ((file: string) => Promise<string | undefined>) | undefined
  readonly now: Date
}

type Certificates = readonly [Certificate, ...Certificate[]]

interface Named {
  readonly caName?: string | undefined
  readonly file: string
  readonly source: string
  readonly certificates: Certificates
  readonly keyFile?: string | undefined
  /** Text of the key, where there is one to be read. */
  readonly readKey: () => string
}

export async function openAuthority(options: AuthorityOptions): Promise<SigningAuthority> {
  const named = typeof options.ca === 'string' ? authorityOfNode(options.ca, options) : ofFiles(options.ca)
  return options.signer ? remote(named, options.signer, options.now) : local(named, options)
}

function ofFiles({ certificate, key }: AuthorityFiles): Named {
  const read = certificatesIn(readUserBytes(certificate))
  if ('reason' in read) throw unusable({ message: `${certificate}: ${describeUnusable(read)}` })
  const { certificates } = read
  return {
    file: certificate,
    source: '--ca-cert',
    certificates,
    keyFile: key,
    readKey: () => readUserFile(key ?? ''),
  }
}

function certificatesIn(bytes: Uint8Array): { readonly certificates: Certificates } | Unusable {
  return bytes[0] === 0x30 ? readAnswer(bytes) : readCertificates(Buffer.from(bytes).toString('utf8'))
}

function authorityOfNode(caName: string, options: AuthorityOptions): Named {
  const entry = entryNamed(readSnapshot(options), caName)
  if (!entry) throw unusable({ message: `${caName} is not kept on this node: etcd runs elsewhere` })
  const { certificate, file, key } = entry
  if (certificate.state !== 'present') throw unusable({ message: `${file.path}: ${whyNot(certificate)}` })
  const isKeyThere = key !== undefined && key.state !== 'missing'
  return {
    ...{ caName, file: file.path, source: file.source, certificates: certificate.certificates },
    keyFile: isKeyThere ? key.path : undefined,
    readKey: () => readUserFile(key?.state === 'present' ? key.realPath : (key?.path ?? '')),
  }
}

function whyNot(found: Exclude<Found<unknown>, { state: 'present' }>): string {
  return found.state === 'missing' ? 'no such file' : describeUnusable(found)
}

function unusable({ message, hint }: AuthorityFlaw): PkiError {
  return new PkiError('CA_UNUSABLE', message, { hint })
}

async function local(named: Named, options: AuthorityOptions): Promise<SigningAuthority> {
  const { caName, file, source, keyFile, certificates } = named
  if (keyFile === undefined) throw unusable(keyIsElsewhere(named))
  const key = await openKey(named.readKey(), keyFile, options.passphrase)
  const matching = certificates.filter(one => isKeyOf(key, one))
  const certificate = matching.find(one => !authorityFlaw(one, file, options.now)) ?? matching[0]
  if (!certificate)
    throw unusable({ message: `${keyFile} is not the key of ${file} (${certificates[0].subject})` })
  const flaw = authorityFlaw(certificate, file, options.now)
  if (flaw) throw unusable(flaw)
  const signer = { certificate, key }
  return signingAuthority({ caName, file, source, signedWith: keyFile, signer, bundle: certificates })
}

function keyIsElsewhere({ file, caName }: Named): AuthorityFlaw {
  return {
    message: `the key of ${file} is not here`,
    hint: `sign where it is: kubepki certs sign FILE.csr... ${caName === undefined ? '--ca-cert F --ca-key F' : `--ca ${caName}`}; or --signer-command, when a device or a service has it`,
  }
}

async function openKey(
  text: string,
  file: string,
  passphrase: AuthorityOptions['passphrase'],
): Promise<PrivateKey> {
  const read = readPrivateKey(text)
  if ('key' in read) return read
  if (read.reason !== 'KEY_ENCRYPTED') throw unusable({ message: `${file}: ${describeUnusable(read)}` })
  const given = await passphrase?.(file)
  if (given === undefined)
    throw unusable({ message: `${file}: ${describeUnusable(read)}`, hint: PASSPHRASE_HINT })
  const opened = readPrivateKey(text, given)
  if ('key' in opened) return opened
  throw unusable({ message: `${file}: ${describeUnusable(opened)}` })
}

const PASSPHRASE_HINT =
  'its passphrase: at a terminal it is asked for, else --passphrase-file F, or --passphrase-fd 3 with 3< F'

function remote(named: Named, { input, ...program }: SignerOptions, now: Date): SigningAuthority {
  const { caName, file, source, certificates } = named
  const certificate = firstAuthority(certificates, file, now)
  const flaw = authorityFlaw(certificate, file, now)
  if (flaw) throw unusable(flaw)
  const signer = remoteAuthority(certificate, input, program)
  return signingAuthority({
    caName,
    file,
    source,
    signedWith: program.words[0] ?? '',
    signer,
    bundle: certificates,
  })
}

function remoteAuthority(
  certificate: Certificate,
  form: SignerInput,
  program: SignerProgram,
): RemoteAuthority {
  const algorithm = signatureBy(certificate.keyAlgorithm)
  const key = publicKeyOf(certificate)
  if (!algorithm || !key) throw new TypeError('a CA that cannot sign')
  const words = program.words.map(word =>
    word.replaceAll('{hash}', algorithm.hash.replace('-', '').toLowerCase()),
  )
  const sign = async (signed: Der) => {
    const answer = await runSigner({ ...program, words }, signerInput(form, algorithm, signed))
    const checked = checkedSignature({ key, algorithm, signed }, Uint8Array.from(answer))
    if ('signature' in checked) return checked.signature
    throw new PkiError('SIGNER_FAILED', `the signer program ${words[0]} ${checked.found}`, {
      hint: checked.hint,
    })
  }
  return { certificate, sign }
}
