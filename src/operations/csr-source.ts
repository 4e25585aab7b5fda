/** Where CertificateSigningRequests come from: here files; a cluster is another. */
import { PkiError } from '../errors.ts'
import { named, pathText } from '../foreign-text.ts'
import {
  type CertificateSigningRequest,
  CSR_API_VERSION,
  CSR_KIND,
  signingRequestsIn,
} from '../kubernetes/certificate-signing-request.ts'
import { type Streamed, streamDocuments } from '../kubernetes/document-stream.ts'
import { type MachineObject, parseMachineObject } from '../kubernetes/machine-object.ts'
import { parseNodeInventory } from '../kubernetes/node-inventory.ts'
import { type NodeObject, parseNodeObject } from '../kubernetes/node-object.ts'
import { isMapping, listAt, mappingAt, stringAt } from '../kubernetes/yaml.ts'
import { type Fleet, type FleetSources, fleetOf } from '../pki/csr/fleet.ts'
import { objectFiles, streamUserFile } from '../store/text-stream.ts'

export interface CsrSource {
  readonly requests: () => AsyncIterable<CertificateSigningRequest>
  /** `machines`: those of a cluster are wanted too. */
  readonly fleet: (wanted: { readonly machines: boolean }) => Promise<Fleet>
}

export interface ManifestOptions {
  /** A file, a directory, or `-`. */
  readonly from: string
  readonly nodes?: string | undefined
  /** Of what is no request; `isBroken`: it cannot be read, so that a request may be among it. */
  readonly onStray: (message: string, isBroken: boolean) => void
  /** Of each document, whatever it is: a list without items is one. */
  readonly onDocument?: () => void
}

export function manifestSource({ from, nodes, onStray, onDocument }: ManifestOptions): CsrSource {
  if (from === '-' && nodes === '-')
    throw new PkiError('USAGE', '--from and --nodes cannot both be the standard input')
  return {
    requests: () => requestsIn(from, { onStray, onDocument }),
    fleet: async () => (nodes === undefined ? {} : fleetOf(readFleet(nodes))),
  }
}

async function* requestsIn(
  from: string,
  {
    onStray,
    onDocument,
  }: Pick<ManifestOptions, 'onStray'> & { readonly onDocument: ManifestOptions['onDocument'] | undefined },
): AsyncGenerator<CertificateSigningRequest> {
  const onLink = (link: string) =>
    onStray(`${pathText(link)}: a link that leads to no file in ${pathText(from)}: not followed`, true)
  for (const file of objectFiles(from, onLink)) {
    const shown = file === '-' ? 'standard input' : file
    for (const streamed of streamDocuments(streamUserFile(file))) {
      onDocument?.()
      if ('problem' in streamed) {
        onStray(`${shown}: ${streamed.where}: ${streamed.problem}`, true)
        continue
      }
      const { requests, strays } = signingRequestsIn(typed(streamed), streamed.where)
      for (const { where, found } of strays)
        onStray(
          `${shown}: ${where}: wanted a ${CSR_KIND} of ${CSR_API_VERSION}, found ${found}`,
          found.startsWith(CSR_KIND),
        )
      yield* requests
    }
  }
}

/** The API server leaves the kind out of a typed list's items. */
function typed({ value, list }: Exclude<Streamed, { problem: string }>): unknown {
  if (!list || !isMapping(value) || value.kind !== undefined) return value
  const isOne =
    list.kind === `${CSR_KIND}List` || stringAt(mappingAt(value, 'spec'), 'signerName') !== undefined
  return isOne ? { ...value, kind: CSR_KIND, apiVersion: CSR_API_VERSION } : value
}

/** Nodes, Machines and inventories; anything else is passed over, but one of those has to be there. */
export function readFleet(path: string): FleetSources {
  const nodes: NodeObject[] = []
  const machines: MachineObject[] = []
  const inventory: NodeObject[] = []
  for (const file of objectFiles(path))
    for (const streamed of streamDocuments(streamUserFile(file), { isStrict: true })) {
      if ('problem' in streamed)
        throw new PkiError('FILE_UNREADABLE', `${file}: ${streamed.where}: ${streamed.problem}`)
      nodes.push(...nodesOf(streamed))
      machines.push(...itemsIn(streamed).flatMap(item => parseMachineObject(item) ?? []))
      inventory.push(...inventoryIn(file, streamed, inventory))
    }
  if (nodes.length + machines.length + inventory.length > 0)
    return { ...(nodes.length > 0 && { nodes }), machines, inventory }
  throw new PkiError('FILE_UNREADABLE', `${path}: wanted Nodes, Machines or a NodeInventory, found none`, {
    hint: 'kubectl get nodes -o json > nodes.json',
  })
}

type Document = Exclude<Streamed, { problem: string }>

function itemsIn({ value }: Document): readonly unknown[] {
  return isMapping(value) && Array.isArray(value.items) ? listAt(value, 'items') : [value]
}

function nodesOf(document: Document): NodeObject[] {
  const { value, list } = document
  const isTyped = list !== undefined && list.kind === 'NodeList'
  const isNodeList = stringAt(value, 'kind') === 'NodeList'
  return itemsIn(document).flatMap(item => parseNodeObject(item, isTyped || isNodeList) ?? [])
}

function inventoryIn(
  file: string,
  { value, where }: Document,
  known: readonly NodeObject[],
): readonly NodeObject[] {
  const read = parseNodeInventory(value) ?? []
  if ('problem' in read) throw new PkiError('FILE_UNREADABLE', `${file}: ${where}: ${named(read.problem)}`)
  const twice = read.find(({ name }) => known.some(one => one.name === name))
  if (!twice) return read
  throw new PkiError(
    'FILE_UNREADABLE',
    `${file}: ${where}: nodes.${twice.name}: it is in an inventory before this one`,
  )
}
