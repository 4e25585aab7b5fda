/** A kubeadm configuration file as documents: of known versions, and each kind once. */

import { named, shown } from '../foreign-text.ts'
import { nearest } from '../nearest.ts'
import { invalid, refuse, type Source } from './configured-fields.ts'
import { API_VERSIONS, type ApiVersion, KINDS as KNOWN_KINDS } from './kubeadm-fields.ts'
import { isMapping, type Mapping, parseYaml, stringAt } from './yaml.ts'

const GROUP = 'kubeadm.k8s.io/'
/** One of them has to be there. */
const READ_KINDS = ['InitConfiguration', 'ClusterConfiguration', 'JoinConfiguration']

/** Those of other groups (kubelet, kube-proxy) are passed over. */
export function parseConfigurationDocuments(text: string, file: string): readonly Source[] {
  const parsed = parseYaml(text)
  if ('reason' in parsed) throw invalid(file, `is not YAML: ${parsed.found}`)
  const mappings = parsed.documents
    .map((document, index) => mappingOf(document, { file, number: index + 1 }))
    .filter(isMapping)
  const sources = mappings.filter(isKubeadm).map(document => ({
    document,
    kind: stringAt(document, 'kind') as string,
    version: versionOf(document, file),
    file,
  }))
  checkKinds(sources, file)
  return sources
}

interface Place {
  readonly file: string
  readonly number: number
}

/** Undefined for an empty one. What it says would be lost without apiVersion and kind. */
function mappingOf(document: unknown, { file, number }: Place): Mapping | undefined {
  if (document === undefined || document === null) return undefined
  if (!isMapping(document))
    throw refuse({ file }, { field: `document ${number}`, wanted: 'a mapping', found: document })
  for (const field of ['apiVersion', 'kind']) {
    if (stringAt(document, field)) continue
    const hint = `every document has an apiVersion and a kind; see document ${number}`
    throw refuse({ file }, { field, wanted: 'text', found: document[field], hint })
  }
  return document
}

function isKubeadm(document: Mapping): boolean {
  return stringAt(document, 'apiVersion')?.startsWith(GROUP) ?? false
}

function versionOf(document: Mapping, file: string): ApiVersion {
  const found = stringAt(document, 'apiVersion') as string
  const version = API_VERSIONS.find(known => found === GROUP + known)
  if (version) return version
  const hint = `known: ${API_VERSIONS.map(known => GROUP + known).join(', ')}`
  throw invalid(file, `apiVersion ${named(found)} is not known`, hint)
}

function checkKinds(sources: readonly Source[], file: string): void {
  const kinds = sources.map(({ kind }) => kind)
  for (const kind of kinds) if (!Object.hasOwn(KNOWN_KINDS, kind)) throw unknownKind(file, kind)
  if (!kinds.some(kind => READ_KINDS.includes(kind)))
    throw invalid(
      file,
      `holds no ${READ_KINDS.join(', ')}`,
      `it needs a document with apiVersion ${GROUP}v1beta4`,
    )
  const twice = kinds.find((kind, index) => kinds.indexOf(kind) < index)
  if (twice === undefined) return
  const found = kinds.filter(kind => kind === twice).length
  throw invalid(file, `wanted one ${twice}, found ${found}`, 'kubeadm takes each kind once in a file')
}

/** kubeadm goes on without the document, and so without all that it says. */
function unknownKind(file: string, kind: string) {
  const near = nearest(kind, Object.keys(KNOWN_KINDS))
  const guess = near === undefined ? '' : `did you mean ${near}? `
  return invalid(
    file,
    `kind ${shown(kind)} is not known`,
    `${guess}known: ${Object.keys(KNOWN_KINDS).join(', ')}`,
  )
}
