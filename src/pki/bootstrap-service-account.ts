/** Plans the service account's pair of keys. A public key alone may be what every token is checked with: it is not replaced. */
import { describeUnusable } from '../errors.ts'
import { SERVICE_ACCOUNT_KEY } from '../inventory/catalog.ts'
import { type BootstrapFacts, type BootstrapStep, refuse } from './bootstrap-step.ts'
import { isExternallyManaged } from './external-ca.ts'
import { entryNamed } from './snapshot.ts'

const NAME = SERVICE_ACCOUNT_KEY.name
const ROW = { name: NAME, kind: 'sa', baseName: NAME, warnings: [] } as const

export function planServiceAccount({ serviceAccount: files, snapshot }: BootstrapFacts): BootstrapStep {
  const { privateKey, publicKey, key, isPair } = files
  if (key.state === 'invalid') {
    return refuse(ROW, { message: `${privateKey.path}: ${describeUnusable(key)}`, hint: PUT_BACK })
  }
  if (key.state === 'missing') {
    if (publicKey.state === 'missing' && !snapshot.configuration?.value.isJoining)
      return { action: 'make', ...ROW, files }
    const message =
      publicKey.state === 'missing'
        ? `${privateKey.path} does not exist, and ${snapshot.configuration?.source} is of a node that joins`
        : `${publicKey.path} exists, and its private key ${privateKey.path} does not`
    return refuse(ROW, { message, hint: PUT_BACK })
  }
  if (publicKey.state === 'missing') {
    const warnings = [`${publicKey.path} did not exist: made from ${privateKey.path}`]
    return { action: 'make', ...ROW, files, warnings }
  }
  if (!isPair) {
    const message = `${publicKey.path} does not hold the public key of ${privateKey.path}: every token would be refused`
    return refuse(ROW, { message, hint: `move ${publicKey.path} away to have it made from the private key` })
  }
  const isExternal = isExternallyManaged(entryNamed(snapshot, 'ca'))
  return { action: 'keep', ...ROW, file: publicKey.path, keyFile: privateKey.path, isExternal }
}

const PUT_BACK =
  'put it back: the other control-plane nodes have the same; with a new pair every token made so far is void'
