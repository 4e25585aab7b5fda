/** Policy rules about who asks, for which node, and when. */
import { isSubdomain } from '../../dns-name.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import type { CertificateRequest } from '../../x509/certificate-request.ts'
import { COMMON_NAME, ORGANIZATION } from '../../x509/name.ts'
import { expectation } from './expectation.ts'
import { nodeNameOf, subjectOf } from './facts.ts'
import { isRepeated, madeLastHour, newerThan, nodeNamed } from './peers.ts'
import type { PolicyParameters } from './policy-parameters.ts'
import { bad, type CsrFacts, type Finding, good, type Level, type Rule } from './rule.ts'
import { KUBELET_SERVING, NODE_PREFIX } from './signer-name.ts'
import { counted, listed, quoted } from './words.ts'

export interface PolicyRule extends Rule<PolicyParameters> {
  /** Where a policy says nothing else; absent: `must`. */
  readonly level?: Level
}

/** Nothing is said of a request that cannot be read: the API rules do that. */
export const ofRequest =
  (
    look: (request: CertificateRequest, facts: CsrFacts, parameters: PolicyParameters) => Finding | undefined,
  ) =>
  (facts: CsrFacts, parameters: PolicyParameters): Finding | undefined =>
    facts.request && look(facts.request, facts, parameters)

export function isServing({ csr }: CsrFacts): boolean {
  return csr.spec.signerName === KUBELET_SERVING
}

/** `its node`: by its own name, whatever the object says. */
export function nodeIn(request: CertificateRequest): string {
  return nodeNameOf(subjectOf(request).commonName) ?? ''
}

const isNode = (username: string) => username.startsWith(NODE_PREFIX)

function isAllowed(username: string, allowed: readonly string[]): boolean {
  return allowed.some(one => (one.endsWith('*') ? username.startsWith(one.slice(0, -1)) : username === one))
}

export const NODE_GROUPS = ['system:nodes', 'system:authenticated']

const LONGEST_COMMON_NAME = 64

export const IDENTITY_RULES: readonly PolicyRule[] = [
  {
    code: 'REQUESTER',
    wants: 'the requester is one who may ask (allowedRequesters)',
    onFailure: 'deny',
    look: ({ csr: { spec } }, { allowedRequesters }) => {
      if (spec.username === '') return bad('the object does not say who asked: it was never in a cluster')
      return isAllowed(spec.username, allowedRequesters)
        ? good(quoted(spec.username))
        : bad(`${quoted(spec.username)} may not ask, only ${allowedRequesters.join(', ')}`)
    },
  },
  {
    code: 'REQUESTER_IS_SUBJECT',
    wants: 'a node asks for its own name',
    onFailure: 'deny',
    look: ofRequest((request, facts) => {
      const { username } = facts.csr.spec
      if (!isNode(username) && !isServing(facts)) return undefined
      const { commonName } = subjectOf(request)
      return commonName === username
        ? good(`${quoted(username)} for itself`)
        : bad(`${quoted(username)} asks for CN=${quoted(commonName)}`)
    }),
  },
  {
    code: 'REQUESTER_GROUPS',
    wants: 'the requester is in the groups of its kind (requesterGroups, exactGroups)',
    onFailure: 'deny',
    look: ({ csr: { spec } }, { requesterGroups, exactGroups }) => {
      const isOne = isNode(spec.username)
      const wanted = isOne ? NODE_GROUPS : requesterGroups
      const missing = wanted.filter(group => !spec.groups.includes(group))
      if (missing.length > 0) return bad(`not in the groups ${listed(missing)}`)
      const further = spec.groups.filter(group => !wanted.includes(group))
      return !isOne && exactGroups && further.length > 0
        ? bad(`in further groups: ${listed(further)}`)
        : good(listed(wanted))
    },
  },
  {
    code: 'SUBJECT_ATTRIBUTES',
    wants: 'the subject has one CN and nothing but CN and O',
    onFailure: 'deny',
    look: ofRequest(request => {
      const { attributes } = subjectOf(request)
      const names = attributes.filter(({ type }) => type === COMMON_NAME)
      if (names.length !== 1) return bad(`wanted one CN, found ${names.length}`)
      const further = attributes.filter(({ type }) => type !== COMMON_NAME && type !== ORGANIZATION)
      return further.length === 0
        ? good('CN and O')
        : bad(`the subject has more than CN and O: ${listed(further.map(({ type }) => type))}`)
    }),
  },
  {
    code: 'NODE_NAME',
    wants: 'what is behind system:node: is a name that a Node can have',
    onFailure: 'deny',
    look: ofRequest(request => {
      const name = nodeIn(request)
      if (isSubdomain(name)) return good(quoted(name))
      return bad(name === '' ? 'the CN names no node' : `${quoted(name)} is no name of a Node`)
    }),
  },
  {
    code: 'NODE_NAME_PATTERN',
    wants: 'the name of the node is as nodeNamePattern has it',
    onFailure: 'deny',
    look: ofRequest((request, _, { nodeNamePattern }) => {
      if (!nodeNamePattern) return undefined
      const name = nodeIn(request)
      return nodeNamePattern.matches(name)
        ? good(quoted(name))
        : bad(`${quoted(name)} is not as ${nodeNamePattern.source}`)
    }),
  },
  {
    code: 'COMMON_NAME_LENGTH',
    level: 'should',
    wants: `the CN has at most ${LONGEST_COMMON_NAME} characters, which is all that strict CAs take`,
    onFailure: 'leave',
    look: ofRequest(request => {
      const { length } = subjectOf(request).commonName
      return length <= LONGEST_COMMON_NAME
        ? good(counted(length, 'character'))
        : bad(`the CN has ${length} characters`)
    }),
  },
  {
    code: 'NODE_KNOWN',
    wants: 'the Node of a serving request exists',
    onFailure: 'leave',
    look: ofRequest((request, facts) => {
      if (!isServing(facts)) return undefined
      const name = nodeIn(request)
      if (!facts.nodes) return bad('no Nodes were given: whether it exists is not known')
      if (isRepeated(facts, name)) return bad(`several Nodes have the name ${quoted(name)}`)
      return nodeNamed(facts, name)
        ? good(`Node ${quoted(name)}`)
        : bad(`there is no Node ${quoted(name)}, perhaps not yet`)
    }),
  },
  {
    code: 'NODE_NEW',
    level: 'should',
    wants: 'who joins is no Node yet',
    onFailure: 'leave',
    look: ofRequest((request, facts) => {
      if (isServing(facts) || isNode(facts.csr.spec.username)) return undefined
      const name = nodeIn(request)
      if (!facts.nodes || facts.lacksNodes)
        return bad('no Nodes were given: whether one of this name exists is not known')
      const node = nodeNamed(facts, name)
      return node && !node.isExpected
        ? bad(`there is a Node ${quoted(name)} already: who asks would become it`)
        : good('no Node of this name')
    }),
  },
  {
    code: 'EXPECTED',
    wants: 'a Machine without a node, or the inventory, has the name of who joins (where there are any)',
    onFailure: 'leave',
    look: ofRequest((request, facts, { window }) =>
      isServing(facts) || isNode(facts.csr.spec.username)
        ? undefined
        : expectation(facts, nodeIn(request), window),
    ),
  },
  {
    code: 'NODE_AGE',
    level: 'should',
    wants: 'the Node was there when its kubelet asked',
    onFailure: 'leave',
    look: ofRequest((request, facts) => {
      const made = nodeNamed(facts, nodeIn(request))?.creationTimestamp
      const { creationTimestamp } = facts.csr
      if (!isServing(facts) || !made || !creationTimestamp) return undefined
      return creationTimestamp >= made
        ? good('the Node is older than the request')
        : bad('the Node was made after the request: perhaps another machine of this name asked')
    }),
  },
  {
    code: 'WINDOW',
    wants: 'the request was made within the time that window allows',
    onFailure: 'leave',
    look: ({ csr: { creationTimestamp }, now }, { window }) => {
      if (!Number.isFinite(window)) return undefined
      if (!creationTimestamp) return bad('the object does not say when it was made')
      const age = now.getTime() - creationTimestamp.getTime()
      if (age < -SKEW) return bad('the request is from the future, by this clock')
      const words = humanDuration(Math.max(0, Math.floor(age / 1000)))
      return age <= window
        ? good(`${words} old`)
        : bad(`${words} old, wanted at most ${humanDuration(window / 1000)}`)
    },
  },
  {
    code: 'NEWEST',
    wants: 'no newer request of the node is pending or approved',
    onFailure: 'leave',
    look: ofRequest((request, facts) => {
      const newer = newerThan(facts, subjectOf(request).commonName)
      return newer
        ? bad(
            `${quoted(newer.name)} is newer${newer.isGranted ? ' and approved' : ''}: the kubelet may have dropped the key of this one`,
          )
        : good('the newest')
    }),
  },
  {
    code: 'FLOOD',
    wants: 'in the last hour no more were made than there are nodes and floodLimit',
    onFailure: 'leave',
    look: (facts, { floodLimit }) => {
      const known = Math.max(facts.nodes?.length ?? 0, facts.machines?.length ?? 0)
      const [made, limit] = [madeLastHour(facts), known + floodLimit]
      const words = `${counted(made, 'pending request')} made in the last hour`
      return made <= limit ? good(words) : bad(`${words}, wanted at most ${limit}: find out why first`)
    },
  },
]

/** Clocks of two machines. */
const SKEW = 300_000
