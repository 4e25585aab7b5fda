/** Policy rules about the names and addresses of a kubelet's serving certificate. */
import { isSubdomain } from '../../dns-name.ts'
import { isLoopback, isOneHosts, parseIpAddress } from '../../ip-address.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { subjectAltNameKey } from '../../x509/subject-alt-name.ts'
import { namesOf } from './facts.ts'
import { hasAddress, hasName, isIn, nameKey, namesake, nodeNamed, ownersOf } from './peers.ts'
import { cidrOf, type PolicyParameters } from './policy-parameters.ts'
import { isServing, nodeIn, ofRequest, type PolicyRule } from './policy-rules-identity.ts'
import { bad, type CsrFacts, type Finding, good, unless } from './rule.ts'
import { counted, listed } from './words.ts'

/** Of serving requests alone: a client's have no names, which the signer's rules see to. */
export const ofServing = (
  look: (request: CertificateRequest, facts: CsrFacts, parameters: PolicyParameters) => Finding | undefined,
) =>
  ofRequest((request, facts, parameters) => (isServing(facts) ? look(request, facts, parameters) : undefined))

export function isLocal(name: string): boolean {
  const address = parseIpAddress(name)
  return address ? isLoopback(address) : /^localhost\.?$/i.test(name)
}

export function hosts(request: CertificateRequest): string[] {
  return namesOf(request, 'DNS', 'IP')
}

/** `kubernetes`, `kubernetes.default`, and whatever is below `svc` or the usual cluster domain. */
const SERVICE_NAME = /^kubernetes(\.default)?$|(^|\.)svc(\.|$)|(^|\.)cluster\.local$/

const LONGEST_DNS_NAME = 253

/** Wildcards and names that are too long have rules of their own. */
function isMisshapen(name: string): boolean {
  const isElsewhere = name.includes('*') || name.length > LONGEST_DNS_NAME
  return !isElsewhere && (!isSubdomain(name.toLowerCase()) || parseIpAddress(name) !== undefined)
}

/** Unspecified, multicast, broadcast. */
function isNobodys(text: string): boolean {
  const address = parseIpAddress(text)
  return address !== undefined && !isOneHosts(address)
}

function isForbidden(name: string, forbidden: readonly string[]): boolean {
  const address = parseIpAddress(name)
  const key = nameKey(name)
  return forbidden.some(one => {
    const cidr = cidrOf(one)
    if (cidr) return address !== undefined && isIn([cidr], address)
    return one.startsWith('*.') ? key.endsWith(one.slice(1)) : key === one
  })
}

export const NAME_RULES: readonly PolicyRule[] = [
  {
    code: 'SAN_KINDS',
    wants: 'the SANs are DNS names and IP addresses alone',
    onFailure: 'deny',
    look: ofRequest(request =>
      unless(namesOf(request, 'URI', 'email', 'other'), ['URI, email or other names', 'DNS and IP alone']),
    ),
  },
  {
    code: 'WILDCARD',
    wants: 'no DNS name is a wildcard',
    onFailure: 'deny',
    look: ofServing(request =>
      unless(
        namesOf(request, 'DNS').filter(name => name.includes('*')),
        ['wildcards', 'no wildcard'],
      ),
    ),
  },
  {
    code: 'CLUSTER_SERVICE',
    wants: 'no name is that of a service, kubernetes.default among them (and forbiddenNames)',
    onFailure: 'deny',
    look: ofServing((request, _, { forbiddenNames }) => {
      const isOne = (name: string) =>
        SERVICE_NAME.test(nameKey(name).replace(/\.+$/, '')) || isForbidden(name, forbiddenNames)
      return unless(hosts(request).filter(isOne), [
        'names of the API server or a service, with which one could pose as it',
        'no name of a service',
      ])
    }),
  },
  {
    code: 'SAN_FORM',
    wants: 'each DNS name is one that a host can have, each address one that a host can have for itself',
    onFailure: 'deny',
    look: ofServing(request => {
      const [names, addresses] = [namesOf(request, 'DNS'), namesOf(request, 'IP')]
      return unless(
        [...names.filter(isMisshapen), ...addresses.filter(isNobodys)],
        ['no name or address of a host', 'names and addresses of hosts'],
      )
    }),
  },
  {
    code: 'CLAIMED_ONCE',
    wants: 'no name or address is claimed by several nodes, but for those in extraAddresses',
    onFailure: 'leave',
    look: ofServing((request, facts, { extraAddresses }) => {
      const isShared = (name: string) => {
        const address = parseIpAddress(name)
        if (isLocal(name) || (address && isIn(extraAddresses, address))) return false
        return ownersOf(facts, name).size > 1
      }
      return unless(hosts(request).filter(isShared), ['claimed by several nodes', 'claimed by one node'])
    }),
  },
  {
    code: 'ANOTHER_NODE',
    wants: "no name is another node's own, no name or address that of another node alone",
    onFailure: 'deny',
    look: ofServing((request, facts) => {
      const own = nodeIn(request)
      const foreign = hosts(request).flatMap(name => {
        const owners = ownersOf(facts, name)
        const named = namesake(facts, name)
        if (named !== undefined && named !== own) return [`${name} of ${named}`]
        return owners.size === 0 || owners.has(own) || isLocal(name)
          ? []
          : [`${name} of ${owners.values().next().value}`]
      })
      return unless(foreign, ['of another node', "no other node's"])
    }),
  },
  {
    code: 'LOOPBACK',
    wants: 'localhost, 127.0.0.1 and ::1 only where loopbackNames allows them',
    onFailure: 'leave',
    look: ofServing((request, _, { loopbackNames }) => {
      const local = hosts(request).filter(isLocal)
      if (local.length === 0) return undefined
      return loopbackNames
        ? good(`allowed: ${listed(local)}`)
        : bad(`loopback names, which loopbackNames would allow: ${listed(local)}`)
    }),
  },
  {
    code: 'ADDRESSES_KNOWN',
    wants: "each IP address is one of the Node's, or of extraAddresses",
    onFailure: 'leave',
    look: ofServing((request, facts, { extraAddresses }) => {
      const node = nodeNamed(facts, nodeIn(request))
      const isKnown = (text: string) => {
        const address = parseIpAddress(text)
        return isLocal(text) || (node && hasAddress(node, text)) || (address && isIn(extraAddresses, address))
      }
      const unknown = namesOf(request, 'IP').filter(text => !isKnown(text))
      return unless(unknown, [
        node ? 'not among the addresses of the Node, perhaps not yet' : 'addresses of the Node not known',
        'all known',
      ])
    }),
  },
  {
    code: 'DNS_NAMES_KNOWN',
    wants: "each DNS name is one of the Node's host names",
    onFailure: 'leave',
    look: ofServing((request, facts) => {
      const node = nodeNamed(facts, nodeIn(request))
      const unknown = namesOf(request, 'DNS').filter(name => !isLocal(name) && !(node && hasName(node, name)))
      return unless(unknown, [
        node ? 'not among the host names of the Node, perhaps not yet' : 'host names of the Node not known',
        'all known',
      ])
    }),
  },
  {
    code: 'HAS_ADDRESS',
    level: 'should',
    wants: 'there is an IP address: without one, logs and exec by InternalIP fail',
    onFailure: 'leave',
    look: ofServing(request => {
      const { length } = namesOf(request, 'IP')
      return length > 0
        ? good(counted(length, 'IP address', 'IP addresses'))
        : bad('no IP address: logs and exec by InternalIP would fail')
    }),
  },
  {
    code: 'ADDRESS_NETWORK',
    wants: 'each IP address lies in allowedCidrs',
    onFailure: 'deny',
    look: ofServing((request, _, { allowedCidrs }) => {
      if (allowedCidrs.length === 0) return undefined
      const outside = namesOf(request, 'IP').filter(text => {
        const address = parseIpAddress(text)
        return !isLocal(text) && !(address && isIn(allowedCidrs, address))
      })
      return unless(outside, ['outside of allowedCidrs', 'inside'])
    }),
  },
  {
    code: 'DNS_NAME_PATTERN',
    wants: 'each DNS name is as dnsNamePattern has it',
    onFailure: 'deny',
    look: ofServing((request, _, { dnsNamePattern }) => {
      if (!dnsNamePattern) return undefined
      const others = namesOf(request, 'DNS').filter(
        name => !isLocal(name) && !dnsNamePattern.matches(nameKey(name)),
      )
      return unless(others, [`not as ${dnsNamePattern.source}`, 'all as the pattern'])
    }),
  },
  {
    code: 'SAN_COUNT',
    wants: 'no more names than maxDnsNames and maxIpAddresses, none longer than DNS allows',
    onFailure: 'deny',
    look: ofServing((request, _, { maxDnsNames, maxIpAddresses }) => {
      const [names, addresses] = [namesOf(request, 'DNS'), namesOf(request, 'IP')]
      if (names.length > maxDnsNames)
        return bad(`${counted(names.length, 'DNS name')}, wanted at most ${maxDnsNames}`)
      if (addresses.length > maxIpAddresses)
        return bad(
          `${counted(addresses.length, 'IP address', 'IP addresses')}, wanted at most ${maxIpAddresses}`,
        )
      const long = names.filter(({ length }) => length > LONGEST_DNS_NAME)
      return unless(long, [
        `longer than ${LONGEST_DNS_NAME} characters`,
        counted(names.length + addresses.length, 'name'),
      ])
    }),
  },
  {
    code: 'SAN_TWICE',
    wants: 'no name is there twice',
    onFailure: 'deny',
    look: ofServing(request => {
      const keys = request.subjectAltNames.map(subjectAltNameKey)
      return unless(
        [...new Set(keys.filter((key, index) => keys.indexOf(key) < index))],
        ['twice', 'none twice'],
      )
    }),
  },
]
