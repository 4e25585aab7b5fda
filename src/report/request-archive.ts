/** Requests, what is said of them, and the sheet, as one tar file. Never a key: a request is written from what was read of it. */
import { createTar } from 'nanotar'
import {
  encodeManifest,
  labelsOf,
  MANIFEST_FILE,
  type RequestManifest,
  SHEET_FILE,
} from '../pki/request-manifest.ts'
import { renderSigningSheet } from './signing-sheet.ts'

/** `texts`: the request for each public key. The same requests give the same bytes. */
export function encodeRequestArchive(
  manifest: RequestManifest,
  texts: ReadonlyMap<string | undefined, string | undefined>,
): Uint8Array {
  const labels = labelsOf(manifest.requests)
  const requests = manifest.requests.map((row, index) => ({ ...row, file: `${labels[index]}.csr` }))
  const flat = { ...manifest, requests }
  const files = [
    { name: SHEET_FILE, data: renderSigningSheet(flat) },
    { name: MANIFEST_FILE, data: encodeManifest(flat) },
    ...requests.map(({ file, publicKeySha256 }) => ({ name: file, data: texts.get(publicKeySha256) ?? '' })),
  ]
  const newest = requests
    .map(({ created }) => created)
    .toSorted()
    .at(-1)
  const mtime = newest === undefined ? 0 : Date.parse(newest)
  const tar = createTar(files, { attrs: { mode: '644', uid: 0, gid: 0, mtime, user: 'root', group: 'root' } })
  return Buffer.concat([tar, END])
}

/** Two empty blocks end an archive; the library leaves them out when the last record is full. */
const END = new Uint8Array(1024)
