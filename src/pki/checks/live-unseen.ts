/** What a look at the processes could not see. */
import type { Component } from '../../inventory/catalog.ts'
import type { Evidence } from '../evidence.ts'
import type { LiveEvidence } from '../live-evidence.ts'
import { isLoopbacks } from '../served.ts'
import { silenceOf } from './live-reach.ts'
import { placeOf } from './live-words.ts'
import type { NotLookedAt } from './needs.ts'

export function unseenLive(evidence: Evidence): readonly NotLookedAt[] {
  const { live } = evidence
  if (!live) return []
  return [
    ...silent(live),
    ...loopbackUnseen(live),
    ...withoutManifest(evidence),
    ...withoutProcess(evidence, live),
    ...(live.isOtherRoot ? [OTHER_ROOT] : []),
  ]
}

const OTHER_ROOT: NotLookedAt = {
  what: 'whether it was this node that answered',
  why: 'its addresses were asked from this machine, and the tree is below --root',
  remedy: 'kubepki certs verify --live on the node itself',
}

/** One line for each reason. */
function silent({ endpoints }: LiveEvidence): readonly NotLookedAt[] {
  const unseen = endpoints.filter(({ role, chain }) => role !== 'loopback' && chain.length === 0)
  return [...new Set(unseen.map(silenceOf))].map(why => {
    const places = unseen.filter(endpoint => silenceOf(endpoint) === why).map(placeOf)
    return { what: `what is served by ${places.join(', ')}`, why, remedy: '' }
  })
}

/** Where the API server itself answers: elsewhere that is told already. */
function loopbackUnseen({ endpoints }: LiveEvidence): readonly NotLookedAt[] {
  const unseen = endpoints.filter(({ role, host, port, chain: [leaf] }) => {
    const isUp = endpoints.some(
      one => one.role === 'serving' && one.host === host && one.port === port && one.chain.length > 0,
    )
    return role === 'loopback' && isUp && !(leaf && isLoopbacks(leaf))
  })
  return unseen.map(endpoint => ({
    what: "the API server's certificate for its own connections",
    why: `asked for by name, ${placeOf(endpoint)} showed another`,
    remedy: '',
  }))
}

const OF_MANIFESTS: readonly Component[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
]

function withoutManifest({ snapshot: { pods, role } }: Evidence): readonly NotLookedAt[] {
  const expected = OF_MANIFESTS.filter(
    name => role === 'control-plane' || (role === 'etcd' && name === 'etcd'),
  )
  const missing = expected.filter(name => pods.every(({ value }) => value.component !== name))
  const why = 'no manifest here says where it listens'
  return missing.length === 0 ? [] : [{ what: `what is served by ${missing.join(', ')}`, why, remedy: '' }]
}

function withoutProcess(
  { snapshot: { pods } }: Evidence,
  { processes, isOtherRoot }: LiveEvidence,
): readonly NotLookedAt[] {
  if (!processes) return []
  const missing = OF_MANIFESTS.filter(name => pods.some(({ value }) => value.component === name)).filter(
    name => processes.every(({ component }) => component !== name),
  )
  const why = isOtherRoot
    ? 'no process of this machine has files of the tree in its command'
    : 'no process has the command of its manifest'
  return missing.length === 0 ? [] : [{ what: `since when they run: ${missing.join(', ')}`, why, remedy: '' }]
}
