/** The commands that go on with what waits in a cluster. Pure. */
import { isReserved } from './signer-name.ts'

/** As a user would type them. */
export function apiFlags(signerName: string | undefined): string[] {
  const isOwn = signerName !== undefined && !isReserved(signerName)
  return ['--use-api', ...(isOwn ? [`--signer-name ${signerName}`] : [])]
}

export interface SentRequest {
  /** The row. */
  readonly name: string
  readonly signerName: string
}

/** One for all that have the same flags. */
export function resumeCommands(requests: readonly SentRequest[], commandFlags: string): string[] {
  const flagsOf = ({ signerName }: SentRequest) => `${apiFlags(signerName).join(' ')}${commandFlags}`
  return [...new Set(requests.map(flagsOf))].map(flags => {
    const names = requests.filter(one => flagsOf(one) === flags).map(({ name }) => name)
    return `kubepki certs renew ${names.join(' ')} ${flags}`
  })
}

export function isSent<T extends { readonly signerName?: string }>(
  request: T,
): request is T & { readonly signerName: string } {
  return request.signerName !== undefined
}
