/** Where CertificateSigningRequests come from: here files; a cluster is another. */
import { PkiError } from '../errors.ts'
import { pathText } from '../foreign-text.ts'
import {
  type CertificateSigningRequest,
  CSR_API_VERSION,
  CSR_KIND,
  signingRequestsIn,
} from '../kubernetes/certificate-signing-request.ts'
import { type Streamed, streamDocuments } from '../kubernetes/document-stream.ts'
import { type NodeObject, parseNodeObject } from '../kubernetes/node-object.ts'
import { isMapping, listAt, mappingAt, stringAt } from '../kubernetes/yaml.ts'
import { objectFiles, streamUserFile } from '../store/text-stream.ts'

export interface CsrSource {
  readonly requests: () => AsyncIterable<CertificateSigningRequest>
  readonly nodes: () => Promise<readonly NodeObject[] | undefined>
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
    nodes: async () => (nodes === undefined ? undefined : nodesIn(nodes)),
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

/** Anything else in it is passed over, but one Node at least has to be there. */
function nodesIn(path: string): readonly NodeObject[] {
  const nodes: NodeObject[] = []
  for (const file of objectFiles(path))
    for (const streamed of streamDocuments(streamUserFile(file))) {
      if ('problem' in streamed)
        throw new PkiError('FILE_UNREADABLE', `${file}: ${streamed.where}: ${streamed.problem}`)
      nodes.push(...nodesOf(streamed))
    }
  if (nodes.length > 0) return nodes
  throw new PkiError('FILE_UNREADABLE', `${path}: wanted Nodes, found none`, {
    hint: 'kubectl get nodes -o json > nodes.json',
  })
}

function nodesOf({ value, list }: Exclude<Streamed, { problem: string }>): NodeObject[] {
  const isTyped = list !== undefined && list.kind === 'NodeList'
  const items = isMapping(value) && Array.isArray(value.items) ? listAt(value, 'items') : [value]
  const isNodeList = stringAt(value, 'kind') === 'NodeList'
  return items.flatMap(item => parseNodeObject(item, isTyped || isNodeList) ?? [])
}
