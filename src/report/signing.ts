/** The requests that wait, by the CA that has to sign them. */
import {
  isOutstanding,
  labelsOf,
  type ManifestRequest,
  type RequestManifest,
} from '../pki/request-manifest.ts'

export interface Signing {
  /** Of its section and of its certificate's file. */
  readonly label: string
  readonly request: ManifestRequest
}

export interface SigningCa {
  readonly caName: string
  readonly caSubject: string | undefined
  readonly caFingerprintSha256: string | undefined
  readonly signings: readonly Signing[]
}

export function signingsOf({ requests }: Pick<RequestManifest, 'requests'>): Signing[] {
  const outstanding = requests.filter(isOutstanding)
  const labels = labelsOf(outstanding)
  return outstanding.map((request, index) => ({ label: labels[index] as string, request }))
}

/** In order of their names; a CA whose certificate has changed meanwhile is two. */
export function authoritiesOf(signings: readonly Signing[]): SigningCa[] {
  const keyOf = ({ caName, caFingerprintSha256 = '' }: ManifestRequest) => `${caName} ${caFingerprintSha256}`
  const keys = [...new Set(signings.map(({ request }) => keyOf(request)))].toSorted()
  return keys.map(key => {
    const own = signings.filter(({ request }) => keyOf(request) === key)
    const { caName, caSubject, caFingerprintSha256 } = (own[0] as Signing).request
    return { caName, caSubject, caFingerprintSha256, signings: own }
  })
}
