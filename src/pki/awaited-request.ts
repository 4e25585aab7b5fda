/** A request that was sent to an external CA and whose private key waits here for the answer. */
import type { PrivateKey } from '../x509/key.ts'
import type { Wanted } from './answer-checks.ts'
import type { Entry, PlacedFile } from './snapshot.ts'

export interface AwaitedRequest {
  readonly entry: Entry
  readonly wanted: Wanted
  readonly publicKeySha256: string
  readonly key: PrivateKey
  /** `in-place`: the key is already where it belongs, as `certs generate-csr` leaves it. */
  readonly place: 'directory' | 'in-place'
  readonly csrFile: PlacedFile
  /** Of a request in the directory: it goes away with the request. */
  readonly keyFile?: PlacedFile
}
