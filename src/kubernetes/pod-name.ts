import { mappingAt, parseYaml, stringAt } from './yaml.ts'

/** `namespace/name` of a Pod; undefined for anything else. */
export function podNameOf(text: string): string | undefined {
  const parsed = parseYaml(text)
  if ('reason' in parsed) return undefined
  const [document] = parsed.documents
  const metadata = mappingAt(document, 'metadata')
  const name = stringAt(metadata, 'name')
  if (stringAt(document, 'kind') !== 'Pod' || name === undefined) return undefined
  return `${stringAt(metadata, 'namespace') ?? 'default'}/${name}`
}
