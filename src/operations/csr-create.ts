/** A CertificateSigningRequest whose key is made here and stays here. */
import { describeUnusable, PkiError } from '../errors.ts'
import {
  type CertificateSigningRequest,
  parseSigningRequest,
} from '../kubernetes/certificate-signing-request.ts'
import { newSigningRequest } from '../kubernetes/signing-request-object.ts'
import type { Mapping } from '../kubernetes/yaml.ts'
import {
  type AskedSubject,
  askedParts,
  asksFor,
  HABITS,
  habitualUsageOf,
  habitualUsages,
} from '../pki/csr/asked.ts'
import { factsOf } from '../pki/csr/facts.ts'
import { offlineDoubts, offlineFlaws } from '../pki/csr/offline.ts'
import type { RuleResult } from '../pki/csr/rule.ts'
import { readUserBytes } from '../store/files.ts'
import { checkNewFile } from '../store/new-file.ts'
import { isTaken } from '../store/plain-files.ts'
import {
  readWaitingKey,
  settleWaitingKey,
  type WaitingFiles,
  type WaitingKey,
  writeWaitingKey,
} from '../store/waiting-key.ts'
import { type CertificateRequest, readCertificateRequest } from '../x509/certificate-request.ts'
import {
  algorithmOf,
  encodePrivateKey,
  generateKey,
  type PrivateKey,
  publicKeySha256OfKey,
} from '../x509/key.ts'
import type { IssuableKeyAlgorithm } from '../x509/key-algorithm.ts'
import { encodePem } from '../x509/pem.ts'
import { deliveredKey } from './csr-resume.ts'

export interface CreateOptions {
  readonly name: string
  /** For whom; or a request that was made elsewhere, whose key is there. */
  readonly asked: AskedSubject | { readonly kind: 'request'; readonly file: string }
  /** By default the habitual one of what is asked. */
  readonly signerName?: string | undefined
  readonly usages?: readonly string[] | undefined
  readonly expirationSeconds?: number | undefined
  /** By default RSA-2048; of a key that waits, its own. */
  readonly algorithm?: IssuableKeyAlgorithm | undefined
  readonly files: WaitingFiles
  /** Where the key goes when it is answered: it may have come there already. */
  readonly kubeconfig?: string | undefined
  readonly now: Date
  /** When it is known that it may be sent, and nothing is written yet; throws where it cannot be. */
  readonly beforeKept?: (() => Promise<unknown>) | undefined
}

export interface CreatedRequest {
  readonly csr: CertificateSigningRequest
  readonly object: Mapping
  readonly request: CertificateRequest
  /** Absent: it is elsewhere. */
  readonly key?: PrivateKey
  /** The key waited already. */
  readonly isResumed: boolean
  /** Any: nothing may be sent, and nothing was written. */
  readonly flaws: readonly RuleResult[]
  /** Why it will hardly be approved. */
  readonly doubts: readonly RuleResult[]
}

/** Where key and request wait: beside a kubeconfig that gets the key, unless they wait by their name already. */
export function waitingFiles(
  name: string,
  { key, kubeconfig }: { readonly key: string | undefined; readonly kubeconfig: string | undefined },
): WaitingFiles {
  const own = `${name}.key`
  const isBeside = kubeconfig !== undefined && !(isTaken(own) && isTaken(`${name}.csr`))
  const keyFile = key ?? (isBeside ? `${kubeconfig}.key` : own)
  return { keyFile, csrFile: keyFile.replace(/(\.key)?$/, '.csr') }
}

/** The key is on the disk when this is done, unless there are flaws. */
export async function createSigningRequest(options: CreateOptions): Promise<CreatedRequest> {
  const { asked, files, now, beforeKept } = options
  const pair = asked.kind === 'request' ? readPair(asked.file) : await pairFor(asked, options)
  const request = readCertificateRequest(pair.csr)
  if ('reason' in request) throw new TypeError('what was made cannot be read')
  const object = objectFor(options, pair.csr)
  const csr = parseSigningRequest(object)
  if ('found' in csr) throw new TypeError('what was made is no CertificateSigningRequest')
  const facts = factsOf(csr, { now })
  const [flaws, doubts] = [offlineFlaws(facts), offlineDoubts(facts)]
  if (flaws.length === 0) {
    await beforeKept?.()
    if (pair.key) keep(files, pair, request)
  }
  const { key, isResumed } = pair
  return { ...{ csr, object, request, isResumed, flaws, doubts }, ...(key && { key }) }
}

interface Pair {
  readonly csr: string
  readonly key?: PrivateKey
  /** Where the key of an interrupted run lies. */
  readonly draft?: string | undefined
  readonly isResumed: boolean
}

function keep(
  files: WaitingFiles,
  { key, csr, draft, isResumed }: Pair,
  { publicKeySha256 }: CertificateRequest,
): void {
  if (isResumed) settleWaitingKey(files, draft)
  else if (key) writeWaitingKey(files, { key: encodePrivateKey(key.key), csr, publicKeySha256 })
}

function readPair(file: string): Pair {
  const read = readCertificateRequest(readUserBytes(file))
  if ('reason' in read) throw new PkiError('FILE_UNREADABLE', `${file}: ${describeUnusable(read)}`)
  return { csr: encodePem('CERTIFICATE REQUEST', read.der), isResumed: false }
}

async function pairFor(asked: AskedSubject, { files, kubeconfig, algorithm }: CreateOptions): Promise<Pair> {
  const waiting = withDelivered(readWaitingKey(files), kubeconfig)
  if (waiting.state === 'strange' || waiting.state === 'keyless') checkNewFile(waiting.file)
  if (waiting.state === 'unusable')
    throw new PkiError('FILE_UNREADABLE', `${waiting.file}: ${describeUnusable(waiting)}`, {
      hint: `it is of no use: remove it and ${files.csrFile}, or name another file with --key-out`,
    })
  if (waiting.state === 'exposed')
    throw new PkiError(
      'FILE_UNREADABLE',
      `${waiting.file}: a key that waits is its owner's alone (mode 0600), and others may have read this one (mode ${waiting.mode})`,
      {
        hint: `remove it and ${files.csrFile}, and begin anew; or, when nobody has read it: chmod 600 ${waiting.file}`,
      },
    )
  if (waiting.state === 'waiting') return resumed(asked, waiting, { files, algorithm })
  const { createRequest } = await import('../x509/request.ts')
  const key = await generateKey(algorithm ?? 'RSA-2048')
  return { key, csr: await createRequest(askedParts(asked), key), isResumed: false }
}

/** The key of a request that is answered is in the kubeconfig before it goes away here. */
function withDelivered(waiting: WaitingKey, kubeconfig: string | undefined): WaitingKey {
  if (waiting.state !== 'keyless' || kubeconfig === undefined) return waiting
  const key = deliveredKey(kubeconfig, waiting.csr)
  return key ? { state: 'waiting', key, csr: waiting.csr } : waiting
}

function resumed(
  asked: AskedSubject,
  { key, csr, draft }: Extract<WaitingKey, { state: 'waiting' }>,
  { files, algorithm }: Pick<CreateOptions, 'files' | 'algorithm'>,
): Pair {
  const found = algorithmOf(key)
  const other =
    algorithm !== undefined && algorithm !== found
      ? `its key is ${found}, not ${algorithm}`
      : otherRequest(asked, csr, key)
  if (other === undefined) return { key, csr, draft, isResumed: true }
  throw new PkiError('CSR_EXISTS', `a request waits in ${files.csrFile} with its key, and ${other}`, {
    hint: `go on with it by the same flags as before, or remove it and ${files.keyFile}, or name another key file with --key-out`,
  })
}

function otherRequest(asked: AskedSubject, csr: string, key: PrivateKey): string | undefined {
  const request = readCertificateRequest(csr)
  if ('reason' in request) return 'it cannot be read'
  if (request.publicKeySha256 !== publicKeySha256OfKey(key)) return 'it is for another key'
  return asksFor(csr, asked) ? undefined : 'it asks for another subject or other names than these'
}

function objectFor(options: CreateOptions, pem: string): Mapping {
  const { name, asked, expirationSeconds } = options
  const signerName =
    options.signerName ?? (asked.kind === 'request' ? undefined : HABITS[asked.kind].signerName)
  if (signerName === undefined)
    throw new PkiError('USAGE', 'wanted --signer with --from-csr, found none', { hint: SIGNER_HINT })
  const usage =
    habitualUsageOf(signerName) ?? (asked.kind === 'request' ? undefined : HABITS[asked.kind].usage)
  const usages = options.usages ?? (usage && habitualUsages(usage))
  if (usages === undefined)
    throw new PkiError('USAGE', `wanted --usage with --signer ${signerName}, found none`, {
      hint: "such as --usage 'client auth' --usage 'digital signature'",
    })
  return newSigningRequest({ name, request: pem, signerName, usages, expirationSeconds })
}

const SIGNER_HINT = `one of ${[...new Set(Object.values(HABITS).map(({ signerName }) => signerName))].join(', ')}, or one of your own such as example.com/signer`
