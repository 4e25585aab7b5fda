/** The requests of a node whose keys wait for an answer. */
import { neededUsages } from '../inventory/names.ts'
import type { Wanted } from '../pki/answer-checks.ts'
import type { AwaitedRequest } from '../pki/awaited-request.ts'
import type { Entry, PlacedFile, Snapshot } from '../pki/snapshot.ts'
import type { RequestDirectory } from '../store/requests.ts'
import { publicKeySha256Of } from '../x509/certificate.ts'
import { type CertificateRequest, readCertificateRequest } from '../x509/certificate-request.ts'
import { extKeyUsageIn, keyUsageIn } from '../x509/usage.ts'
import { findRequests, type LocatedRequest } from './found-requests.ts'

export interface Awaited {
  readonly awaited: readonly AwaitedRequest[]
  /** Why no answer to the other requests could be used. */
  readonly flaws: readonly string[]
}

export function awaitedRequests(snapshot: Snapshot, directory: RequestDirectory): Awaited {
  const found = findRequests(snapshot, directory)
  return {
    awaited: found.flatMap(one => awaitedOf(one, directory) ?? []),
    flaws: found.flatMap(({ name, flaw, isInPlace }) =>
      flaw === undefined || isInPlace ? [] : `${name}: no answer to its request can be used: ${flaw}`,
    ),
  }
}

/** Undefined: no answer to it could be used, or it lies beside the certificate that answered it. */
function awaitedOf(found: LocatedRequest, directory: RequestDirectory): AwaitedRequest | undefined {
  const { entry, key, pem, isInPlace, realPath, csrFile, keyFile } = found
  const request = pem === undefined ? undefined : readCertificateRequest(pem)
  if (!key || !request || 'reason' in request) return undefined
  if (isInPlace && entry.certificate.state === 'present' && isAnswered(entry, request)) return undefined
  const placed = (path: string, real: string): PlacedFile => ({ path, realPath: real, source: '' })
  const waiting = {
    entry,
    key,
    wanted: wantedOf(entry, request),
    publicKeySha256: request.publicKeySha256,
  }
  return isInPlace
    ? { ...waiting, place: 'in-place', csrFile: placed(csrFile, realPath) }
    : {
        ...{ ...waiting, place: 'directory', csrFile: placed(csrFile, realPath) },
        keyFile: placed(keyFile, `${directory.realPath}/${entry.name}.key`),
      }
}

function isAnswered({ certificate }: Entry, { publicKeySha256 }: CertificateRequest): boolean {
  return certificate.state === 'present' && publicKeySha256Of(certificate.certificates[0]) === publicKeySha256
}

/** What kubeadm's own requests leave out is what the row has. */
function wantedOf({ name }: Entry, { subject, subjectAltNames, extensions }: CertificateRequest): Wanted {
  return {
    subject,
    subjectAltNames,
    keyUsage: keyUsageIn(extensions) ?? ['digitalSignature', 'keyEncipherment'],
    extKeyUsage: extKeyUsageIn(extensions) ?? neededUsages(name),
  }
}
