/** Names that are there and do nobody any good. */
import { parseIpAddress } from '../../ip-address.ts'
import { contentsOf } from '../../x509/der.ts'
import {
  describeSubjectAltName,
  type SubjectAltName,
  subjectAltNameKey,
} from '../../x509/subject-alt-name.ts'
import type { Evidence } from '../evidence.ts'
import { readableNames } from '../names-of-certificate.ts'
import type { Check } from './check.ts'
import { renewalWithNames } from './commands.ts'
import { nameOf } from './own-names.ts'
import { renewalOf } from './repairs.ts'
import { each, leavesOf, type Subject } from './subjects.ts'

interface Named extends Subject {
  readonly names: readonly SubjectAltName[]
}

const NAMED_ROWS: ReadonlySet<string> = new Set(['apiserver', 'etcd-server', 'etcd-peer'])

const namedOf = (evidence: Evidence): readonly Named[] =>
  leavesOf(evidence)
    .filter(({ entry }) => NAMED_ROWS.has(entry.name))
    .map(subject => ({ ...subject, names: readableNames(subject.leaf) }))

const listed = (names: readonly SubjectAltName[]) => names.map(describeSubjectAltName).join(', ')

/** Clients compare an address with addresses alone. */
function addressesAsNames({ names }: Named): readonly SubjectAltName[] {
  return names.filter(({ type, value }) => type === 'DNS' && parseIpAddress(value) !== undefined)
}

function isLackingAsAddress({ names }: Named, { value }: SubjectAltName): boolean {
  const text = parseIpAddress(value)?.text
  return !names.some(name => name.type === 'IP' && name.value === text)
}

function asAddresses(names: readonly SubjectAltName[]): readonly SubjectAltName[] {
  return names.flatMap(({ value }) => nameOf(value) ?? [])
}

/** Go takes `::ffff:10.0.0.1` for `10.0.0.1`; OpenSSL compares the bytes. */
function mappedAddresses({ names }: Named): readonly SubjectAltName[] {
  const isFull = ({ der }: SubjectAltName) => contentsOf(der).length === 16
  return names.filter(name => name.type === 'IP' && name.value.includes('.') && isFull(name))
}

/** What nobody can ask for: a port, a URL, a mask. */
function unusableNames({ names }: Named): readonly SubjectAltName[] {
  const isName = (text: string) => /^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/.test(text)
  return names.filter(({ type, value }) => type === 'DNS' && !isName(value) && !parseIpAddress(value))
}

function repeatedNames({ names }: Named): readonly SubjectAltName[] {
  const keys = names.map(subjectAltNameKey)
  return names.filter((_, index) => keys.indexOf(keys[index] as string) < index)
}

const GROUP = { group: 'role', needs: ['certificates'] } as const

export const LINT_CHECKS: readonly Check[] = [
  {
    code: 'ADDRESS_AS_DNS_NAME',
    ...GROUP,
    severity: 'warning',
    title: 'an IP address stands among the DNS names, where no client looks for it',
    remedy: 'certs renew NAME --add-san ADDRESS',
    find: each(namedOf, (server, evidence) => {
      const found = addressesAsNames(server)
      if (found.length === 0) return undefined
      const lacking = asAddresses(found.filter(name => isLackingAsAddress(server, name)))
      const isHarmless = lacking.length === 0
      return {
        severity: isHarmless ? 'info' : 'warning',
        expected: `SANs ${listed(asAddresses(found))}`,
        found: listed(found),
        impact: isHarmless ? 'none: it is there as address too' : 'clients at this address refuse the server',
        remedy: isHarmless ? 'nothing to be done' : renewalWithNames(evidence, server.entry, lacking),
      }
    }),
  },
  {
    code: 'SAN_UNUSABLE',
    ...GROUP,
    severity: 'warning',
    title: 'a name in a serving certificate is none that a client could ask for',
    remedy: 'certs renew NAME --add-san NAME, without port, scheme or mask',
    find: each(namedOf, (server, evidence) => {
      const found = unusableNames(server)
      if (found.length === 0) return undefined
      return {
        expected: 'DNS names and IP addresses, without port, scheme or mask',
        found: listed(found),
        impact: 'no client accepts the server for it',
        remedy: renewalOf(evidence, server.entry, ' --add-san NAME'),
      }
    }),
  },
  {
    code: 'ADDRESS_MAPPED',
    ...GROUP,
    severity: 'info',
    title: 'an IPv4 address is written as an IPv6 address in a serving certificate',
    remedy: 'nothing to be done for Kubernetes',
    find: each(namedOf, server => {
      const found = mappedAddresses(server)
      if (found.length === 0) return undefined
      return {
        expected: `${listed(found)} in four bytes`,
        found: found.map(({ value }) => `::ffff:${value}`).join(', '),
        impact: 'Kubernetes accepts it; curl and other clients of OpenSSL do not',
        remedy: 'nothing to be done for Kubernetes',
      }
    }),
  },
  {
    code: 'SAN_DUPLICATE',
    ...GROUP,
    severity: 'info',
    title: 'a serving certificate has the same name twice',
    remedy: 'nothing to be done',
    find: each(namedOf, server => {
      const found = repeatedNames(server)
      if (found.length === 0) return undefined
      return {
        expected: 'each name once',
        found: `again: ${listed(found)}`,
        impact: 'none: it counts once',
        remedy: 'nothing to be done',
      }
    }),
  },
]
