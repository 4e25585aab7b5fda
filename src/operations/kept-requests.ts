/**
 * Requests that are gone through twice: once for what they have in common, once each. They come from a pipe or page by
 * page, so they are kept, packed: a hundred thousand take some fifty megabytes.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import {
  type CertificateSigningRequest,
  CSR_API_VERSION,
  CSR_KIND,
  parseSigningRequest,
} from '../kubernetes/certificate-signing-request.ts'
import { parseJson } from '../kubernetes/yaml.ts'
import { peerOf } from '../pki/csr/facts.ts'
import type { CsrPeer } from '../pki/csr/rule.ts'
import type { CsrSource } from './csr-source.ts'

export interface KeptRequests {
  readonly peers: readonly CsrPeer[]
  /** In their order. */
  readonly each: () => Iterable<CertificateSigningRequest>
}

/** Enough that what they repeat is packed once. */
const PACK = 256

export async function keepRequests(source: CsrSource): Promise<KeptRequests> {
  const packs: Uint8Array[] = []
  const peers: CsrPeer[] = []
  const words = new Map<string, string>()
  let open: string[] = []
  for await (const csr of source.requests()) {
    peers.push(withSharedText(peerOf(csr), words))
    open.push(JSON.stringify(essence(csr), asBase64))
    if (open.length < PACK) continue
    packs.push(pack(open))
    open = []
  }
  packs.push(pack(open))
  return { peers, each: () => unpacked(packs) }
}

/** A copy of its own, so that no chunk of a file is kept for it. */
function pack(lines: readonly string[]): Uint8Array {
  return Uint8Array.from(deflateRawSync(lines.join('\n'), { level: 1 }))
}

function* unpacked(packs: readonly Uint8Array[]): Generator<CertificateSigningRequest> {
  for (const one of packs)
    for (const line of inflateRawSync(one).toString('utf8').split('\n')) {
      const csr = parseSigningRequest(parseJson(line))
      if (!('found' in csr)) yield csr
    }
}

/** What requests have in common is there once. */
function withSharedText(peer: CsrPeer, words: Map<string, string>): CsrPeer {
  const shared = (text: string) => {
    const known = words.get(text)
    if (known !== undefined) return known
    if (words.size < MOST_WORDS) words.set(text, text)
    return text
  }
  return { ...peer, signerName: shared(peer.signerName), username: shared(peer.username) }
}

const MOST_WORDS = 10_000

/** Of `!!binary` in YAML. */
function asBase64(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

/** What rules and lists look at. */
function essence({ object }: CertificateSigningRequest): object {
  const {
    metadata = {},
    spec,
    status,
    apiVersion = CSR_API_VERSION,
  } = object as {
    metadata?: Record<string, unknown>
    spec?: unknown
    status?: unknown
    apiVersion?: unknown
  }
  const { name, generateName, uid, resourceVersion, creationTimestamp } = metadata ?? {}
  return {
    ...{ apiVersion, kind: CSR_KIND, spec, status },
    metadata: { name, generateName, uid, resourceVersion, creationTimestamp },
  }
}
