/** Flags of static pods that name a file which does not fit, while the one that kubeadm has there does. Pure. */
import { USUAL_FLAGS, type UsualFlag } from '../inventory/usual-flags.ts'
import type { Certificate } from '../x509/certificate.ts'
import { holdsPublicKeyOf, isKeyOf, type PrivateKey } from '../x509/key.ts'
import { isAnchored } from './certification-path.ts'
import { servesByName } from './checks/own-names.ts'
import type { FlagFile, FlagFileContents } from './evidence.ts'
import type { PlacedPod, Snapshot } from './snapshot.ts'

export interface MisnamedFlag {
  readonly usual: UsualFlag
  /** As the manifest has it. */
  readonly named: FlagFile
  /** What kubeadm has it name. */
  readonly right: FlagFile
}

/** The same pods, every flag naming kubeadm's file in the directory that most of them name. */
export function usualPods(pods: readonly PlacedPod[]): readonly PlacedPod[] {
  const directory = usualDirectory(pods)
  if (directory === undefined) return []
  return pods.map(pod => withFlags(pod, one => `${directory}/${one.file}`))
}

/** What the manifests ought to say. */
export function podsSetRight(
  pods: readonly PlacedPod[],
  misnamed: readonly MisnamedFlag[],
): readonly PlacedPod[] {
  return pods.map(pod =>
    withFlags(
      pod,
      ({ flag }) =>
        misnamed.find(({ named }) => named.flag === flag && named.pod.file.path === pod.file.path)?.right
          .value,
    ),
  )
}

function withFlags(pod: PlacedPod, rightValue: (usual: UsualFlag) => string | undefined): PlacedPod {
  const flags = new Map(pod.value.flags)
  for (const usual of USUAL_FLAGS) {
    const value = isSingle(pod, usual) ? rightValue(usual) : undefined
    if (value !== undefined) flags.set(usual.flag, value)
  }
  return { ...pod, value: { ...pod.value, flags } }
}

function isSingle({ value }: PlacedPod, { component, flag }: UsualFlag): boolean {
  const isThere = value.component === component && value.flags.get(flag)?.startsWith('/')
  return isThere === true && value.repeated?.has(flag) !== true
}

/** One flag proves nothing. */
function usualDirectory(pods: readonly PlacedPod[]): string | undefined {
  const counts = new Map<string, number>()
  for (const pod of pods) {
    for (const usual of USUAL_FLAGS.filter(one => isSingle(pod, one))) {
      const value = pod.value.flags.get(usual.flag) ?? ''
      if (!value.endsWith(`/${usual.file}`)) continue
      const directory = value.slice(0, -usual.file.length - 1)
      counts.set(directory, (counts.get(directory) ?? 0) + 1)
    }
  }
  const [first] = [...counts].toSorted(([, one], [, other]) => other - one)
  return first && first[1] > 1 ? first[0] : undefined
}

/** `found`: what the flags name, `usual`: what those of `usualPods` do. */
export interface FlagFacts {
  readonly snapshot: Snapshot
  readonly found: readonly FlagFile[]
  readonly usual: readonly FlagFile[]
}

export function misnamedFlags(facts: FlagFacts): readonly MisnamedFlag[] {
  return facts.found.flatMap(named => {
    const right = partOf(facts.usual, named.pod, named.flag)
    const usual = USUAL_FLAGS.find(
      ({ component, flag }) => component === named.pod.value.component && flag === named.flag,
    )
    const isSame = right?.value === named.value || right?.file.realPath === named.file.realPath
    if (!usual || !right || isSame || !isSingle(named.pod, usual) || isUnknown(named)) return []
    const candidate = { usual, named, right }
    return isMisnamed(facts, candidate) ? [candidate] : []
  })
}

/** Nobody may say. */
function isUnknown({ place, contents }: FlagFile): boolean {
  const UNKNOWN = ['PERMISSION_DENIED', 'OUTSIDE_ROOT']
  return place === 'other' || (contents.state === 'invalid' && UNKNOWN.includes(contents.reason))
}

function isMisnamed(facts: FlagFacts, candidate: MisnamedFlag): boolean {
  if (candidate.usual.accepts) return isWrongAuthority(facts, candidate)
  return candidate.usual.tokens ? isWrongForTokens(facts, candidate) : isWrongHalf(facts, candidate)
}

function partOf(files: readonly FlagFile[], pod: PlacedPod, flag: string | undefined): FlagFile | undefined {
  return files.find(one => one.flag === flag && one.pod.file.path === pod.file.path)
}

/** Where the component does not see the host's file, there is nothing. */
function contentsOf(file: FlagFile | undefined): FlagFileContents {
  return file?.place === 'host' && file.contents.state === 'present' ? file.contents : {}
}

function isPair(one: FlagFile | undefined, other: FlagFile | undefined): boolean {
  const [mine, theirs] = [contentsOf(one), contentsOf(other)]
  const key = mine.key ?? theirs.key
  const leaf = (mine.certificates ?? theirs.certificates)?.[0]
  return key !== undefined && leaf !== undefined && isKeyOf(key, leaf)
}

/** A pair of its own elsewhere, of which a half is missing, is left alone. */
function isWrongHalf({ found, usual }: FlagFacts, { usual: { partner, row }, named, right }: MisnamedFlag) {
  const [other, usualOther] = [found, usual].map(files => partOf(files, named.pod, partner))
  if (!other || !usualOther || !isPair(right, usualOther)) return false
  const isOfOtherRow = (file: FlagFile) =>
    usual.some(
      one =>
        one.value === file.value &&
        rowOf(one) !== row &&
        one.pod.value.component === named.pod.value.component,
    )
  if (isPair(named, other)) return named.pod.value.component === 'kube-apiserver' && isOfOtherRow(named)
  const isOwnPlace = other.value !== usualOther.value && !isOfOtherRow(other)
  return !(isOwnPlace && isEmpty(named) && !isEmpty(other))
}

function rowOf({ pod, flag }: FlagFile): string | undefined {
  return USUAL_FLAGS.find(one => one.component === pod.value.component && one.flag === flag)?.row
}

function isEmpty(file: FlagFile): boolean {
  return Object.keys(contentsOf(file)).length === 0
}

/** It accepts none of those that it is there for, and kubeadm's does. */
function isWrongAuthority(facts: FlagFacts, { usual: { accepts }, named, right }: MisnamedFlag): boolean {
  // Pods may be shown another certificate.
  if (named.flag === 'root-ca-file' && servesByName(facts.snapshot)) return false
  const clients = accepts === 'kubeconfigs' ? usersOf(facts) : served(facts, accepts ?? [])
  const accepted = (file: FlagFile) => clients.some(chain => isBelow(chain, contentsOf(file).certificates))
  return accepted(right) && !accepted(named)
}

function usersOf({ snapshot }: FlagFacts): readonly (readonly Certificate[])[] {
  return snapshot.entries.flatMap(({ kind, certificate }) =>
    kind === 'kubeconfig' && certificate.state === 'present' ? [certificate.certificates] : [],
  )
}

function served({ found, usual }: FlagFacts, flags: NonNullable<Exclude<UsualFlag['accepts'], string>>) {
  return [...found, ...usual]
    .filter(one =>
      flags.some(({ component, flag }) => one.pod.value.component === component && one.flag === flag),
    )
    .flatMap(one => [contentsOf(one).certificates ?? []])
}

function isBelow([leaf, ...rest]: readonly Certificate[], authorities: readonly Certificate[] = []): boolean {
  return leaf !== undefined && isAnchored(leaf, authorities, rest)
}

function isWrongForTokens({ found, usual }: FlagFacts, { usual: { tokens }, named, right }: MisnamedFlag) {
  const files = (side: UsualFlag['tokens'], all: readonly FlagFile[]) =>
    all.filter(({ flag }) => USUAL_FLAGS.some(one => one.flag === flag && one.tokens === side))
  const isTrusted = (key: PrivateKey | undefined, texts: readonly FlagFile[]) =>
    key !== undefined && texts.some(text => holdsPublicKeyOf(contentsOf(text).text ?? '', key))
  const fits = (file: FlagFile) => {
    const others = [...found, ...usual].filter(one => one !== named || file === named)
    return tokens === 'private'
      ? isTrusted(contentsOf(file).key, files('public', others))
      : files('private', others).some(one => isTrusted(contentsOf(one).key, [file]))
  }
  return fits(right) && !fits(named)
}
