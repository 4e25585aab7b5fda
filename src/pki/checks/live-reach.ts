/** Who answered at all, and under which name. */
import { impactOf } from '../../inventory/names.ts'
import { parseIpAddress } from '../../ip-address.ts'
import type { Certificate } from '../../x509/certificate.ts'
import {
  describeSubjectAltName,
  type SubjectAltName,
  subjectAltNamesOf,
} from '../../x509/subject-alt-name.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { addressOf, type LiveEndpoint } from '../live-evidence.ts'
import type { Check, Observation } from './check.ts'
import { about, type Served, servedCheck } from './live-check.ts'
import { placeOf, subjectOf } from './live-words.ts'

/** The connection to itself is one more to an address that is told already. */
function addressesOf({ live }: Evidence): readonly LiveEndpoint[] {
  return (live?.endpoints ?? []).filter(({ role }) => role !== 'loopback')
}

function unreachableIn(evidence: Evidence): readonly Observation[] {
  const unreachable = addressesOf(evidence).filter(({ state }) => state === 'refused' || state === 'silent')
  return unreachable.map(endpoint => ({
    ...about(endpoint),
    severity: endpoint.state === 'silent' && !evidence.live?.isOtherRoot ? 'warning' : 'info',
    expected: `a TLS handshake with ${placeOf(endpoint)}`,
    found: silenceOf(endpoint),
    impact: 'what is served there is not known, and nobody can use it',
    remedy: whereToLook(endpoint),
  }))
}

const NO_NAME: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME'])

/** Why nothing was shown, in words. */
export function silenceOf({ host, state, isConnected, errorCode = '' }: LiveEndpoint): string {
  if (state === 'refused') return 'nobody listens: connection refused'
  if (state === 'open') return 'somebody listens, who speaks no TLS or closes at once'
  if (state === 'tls') return 'the handshake ended before a certificate was shown'
  if (NO_NAME.has(errorCode)) return `the name ${host} leads to no address (${errorCode})`
  if (isConnected) return 'the connection was taken, and then there was no answer in time'
  return errorCode === '' ? 'no answer in time' : `no way there (${errorCode})`
}

function whereToLook(endpoint: LiveEndpoint): string {
  const { role, component, host, port } = endpoint
  if (role === 'further') return `nc -vz ${shellWord(host)} ${port}`
  if (component === 'kubelet') return 'systemctl status kubelet'
  return `crictl ps -a --name ${component}`
}

function whoListens(endpoint: LiveEndpoint): string {
  return endpoint.role === 'further'
    ? `curl -vk https://${addressOf(endpoint)}`
    : `ss -ltnp 'sport = :${endpoint.port}'`
}

function plainIn(evidence: Evidence): readonly Observation[] {
  const plain = addressesOf(evidence).filter(({ state }) => state === 'open')
  return plain.map(endpoint => ({
    ...about(endpoint),
    expected: `a TLS handshake with ${placeOf(endpoint)}`,
    found: silenceOf(endpoint),
    impact: impactOf(subjectOf(endpoint)),
    remedy: whoListens(endpoint),
  }))
}

function misnamedIn(_: Evidence, { endpoint, leaf }: Served): readonly Observation[] {
  const names = namesOf(leaf)
  if (names.some(name => isNameOf(name, endpoint.host))) return []
  const isAddress = parseIpAddress(endpoint.host) !== undefined
  const wanted = `${isAddress ? 'IP' : 'DNS'}:${endpoint.host}`
  return [
    {
      ...about(endpoint),
      expected: `${wanted} among the names of what ${placeOf(endpoint)} serves`,
      found: names.map(describeSubjectAltName).join(', ') || 'no names at all',
      impact: 'clients that use this endpoint refuse the certificate',
      remedy: `on every control-plane node: kubepki certs renew apiserver --add-san ${endpoint.host} --restart`,
    },
  ]
}

function namesOf(leaf: Certificate): readonly SubjectAltName[] {
  try {
    return subjectAltNamesOf(leaf)
  } catch {
    return []
  }
}

/** As Go: a wildcard stands for one label, and a common name for nothing. */
function isNameOf({ type, value }: SubjectAltName, host: string): boolean {
  const address = parseIpAddress(host)
  if (address) return type === 'IP' && value === address.text
  const name = value.toLowerCase()
  const rest = host.slice(host.indexOf('.'))
  return type === 'DNS' && (name === host || (host.includes('.') && name === `*${rest}`))
}

const ROW = { group: 'live', needs: ['live'] } as const

export const REACH_CHECKS: readonly Check[] = [
  {
    ...ROW,
    code: 'ENDPOINT_UNREACHABLE',
    severity: 'warning',
    title: 'nobody answers where a component is to serve',
    remedy: 'see whether it runs',
    find: unreachableIn,
  },
  {
    ...ROW,
    code: 'ENDPOINT_NO_TLS',
    severity: 'warning',
    title: 'somebody answers where a component is to serve, without TLS',
    remedy: 'see who listens there',
    find: plainIn,
  },
  servedCheck(['further'], misnamedIn, {
    code: 'SERVED_NAME_MISMATCH',
    severity: 'error',
    title: 'the certificate served at an endpoint lacks its name',
    remedy: 'certs renew apiserver --add-san HOST',
  }),
]
