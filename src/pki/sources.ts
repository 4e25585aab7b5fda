/** Where every fact came from, for `-v` and JSON. */
import { SERVICE_ACCOUNT_KEY } from '../inventory/catalog.ts'
import type { RenewalOrder } from './renewal-step.ts'
import { type Snapshot, shownFile } from './snapshot.ts'
import { ONE_YEAR } from './validity.ts'

export interface SourceFact {
  readonly fact: string
  readonly value: string
  readonly source: string
}

export function sourceFacts({ locations, entries, serviceAccount }: Snapshot): SourceFact[] {
  const { certDir, kubeconfigDir, kubeletDir, etcd } = locations
  const directories = {
    'certificate directory': certDir,
    'kubeconfig directory': kubeconfigDir,
    'kubelet directory': kubeletDir,
  }
  const found = entries.filter(({ certificate }) => certificate.state !== 'missing')
  return [
    ...Object.entries(directories).map(([fact, { value, source }]) => ({
      fact,
      value: `${value.within ?? ''}${value.path}`,
      source,
    })),
    { fact: 'etcd', value: etcd.value, source: etcd.source },
    ...found.map(entry => ({ fact: entry.name, value: shownFile(entry), source: entry.file.source })),
    ...serviceAccount
      .filter(({ state }) => state !== 'missing')
      .map(({ path, source }) => ({ fact: SERVICE_ACCOUNT_KEY.name, value: path, source })),
  ]
}

/** What decides the new keys and their time, and what it says: a flag, the configuration, or the default. */
export function renewalSources(snapshot: Snapshot, order: RenewalOrder): SourceFact[] {
  const { value: configured, source: file } = snapshot.configuration ?? {}
  const algorithm = firstGiven<string>('encryption algorithm', [
    [order.encryptionAlgorithm, '--encryption-algorithm'],
    [configured?.encryptionAlgorithm, `${file}: encryptionAlgorithm`],
    ['as the old key', 'default'],
  ])
  const { value, ...validity } = firstGiven<number>('validity', [
    [order.validity, '--validity'],
    [configured?.certificateValidityPeriod, `${file}: certificateValidityPeriod`],
    [ONE_YEAR, 'default'],
  ])
  return [...sourceFacts(snapshot), algorithm, { ...validity, value: `${value / 86_400_000} d` }]
}

function firstGiven<T>(fact: string, choices: readonly (readonly [T | undefined, string])[]) {
  const [value, source] = choices.find(([given]) => given !== undefined) as [T, string]
  return { fact, value, source }
}
