/** What every job that makes new files starts from, and how it ends. */
import { SERVICE_ACCOUNT_KEY } from '../inventory/catalog.ts'
import type { BootstrapFacts, ServiceAccountFiles } from '../pki/bootstrap-step.ts'
import { decideClusterFacts, type FactFlags } from '../pki/cluster-facts.ts'
import type { Found, Snapshot } from '../pki/snapshot.ts'
import { readFound, readKey, type Tree } from '../store/files.ts'
import { readMachine } from '../store/machine.ts'
import { type ReadOptions, readNode } from '../store/read.ts'
import { holdsPublicKeyOf, type PrivateKey } from '../x509/key.ts'
import type { IssuableKeyAlgorithm } from '../x509/key-algorithm.ts'
import type { ChangeOptions } from './change.ts'
import { keyOf } from './entry-key.ts'
import { newKeySources } from './new-keys.ts'

export interface NodeOptions extends ReadOptions {
  readonly now: Date
  /** What the node and its cluster are, beyond what the configuration says. */
  readonly flags?: FactFlags
  readonly encryptionAlgorithm?: IssuableKeyAlgorithm | undefined
}

export interface BootstrapOptions extends NodeOptions, ChangeOptions {
  /** Rows of the inventory, `sa` among the certificates. */
  readonly names: 'all' | readonly string[]
  readonly dryRun?: boolean
  readonly interruption?: AbortSignal | undefined
}

export interface ReadFacts {
  readonly facts: BootstrapFacts
  /** What it is decided on. */
  readonly seen: ReadonlyMap<string, string>
  readonly tree: Tree
}

/** Opens the keys of the rows named and of their CAs. */
export function readBootstrapFacts(options: NodeOptions & Names): ReadFacts {
  const snapshot = readNode(options)
  const seen = new Map(snapshot.seen)
  const tree: Tree = { root: options.root, seen }
  const facts = {
    snapshot,
    facts: decideClusterFacts(snapshot, { flags: options.flags ?? {}, machine: readMachine(tree) }),
    newKeys: newKeySources(snapshot, options),
    keys: readKeys(snapshot, options, seen),
    serviceAccount: readServiceAccount(
      snapshot,
      isNamed(options, SERVICE_ACCOUNT_KEY.name) ? seen : undefined,
    ),
    now: options.now,
  }
  return { facts, seen, tree }
}

type Names = Pick<BootstrapOptions, 'names'>

function isNamed({ names }: Names, name: string): boolean {
  return names === 'all' || names.includes(name)
}

function readKeys(
  { entries }: Snapshot,
  names: Names,
  seen: Map<string, string>,
): ReadonlyMap<string, Found<PrivateKey>> {
  const named = entries.filter(({ name }) => isNamed(names, name))
  const signers = new Set(named.map(({ caName }) => caName))
  const wanted = entries.filter(entry => named.includes(entry) || signers.has(entry.name))
  const keyed = wanted.filter(({ kind }) => kind !== 'kubelet')
  return new Map(keyed.map(entry => [entry.name, keyOf(entry, seen)]))
}

/** Its key is opened for a job that is about it; `seen` is kept then. */
function readServiceAccount(
  { serviceAccount }: Snapshot,
  seen: Map<string, string> | undefined,
): ServiceAccountFiles {
  const [publicKey, privateKey] = serviceAccount
  if (!publicKey || !privateKey) throw new TypeError('the service account has two files')
  if (!seen) return { publicKey, privateKey, key: { state: 'missing' }, isPair: false }
  const key = readKey(privateKey, seen)
  const contents = readFound(publicKey, seen)
  const isPair =
    key.state === 'present' && contents.state === 'present' && holdsPublicKeyOf(contents.text, key)
  return { publicKey, privateKey, key, isPair }
}
