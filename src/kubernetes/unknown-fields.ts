/** What a kubeadm document has and its version does not know; kubeadm warns of it too, and goes on. */
import { shown } from '../foreign-text.ts'
import { nearest } from '../nearest.ts'
import type { Source } from './configured-fields.ts'
import { type ApiVersion, type Field, type Fields, KINDS } from './kubeadm-fields.ts'
import { isMapping } from './yaml.ts'

interface Level {
  readonly version: ApiVersion
  readonly fields: Fields
  readonly path: string
}

/** One sentence for each: of the kind alone when that is unknown. */
export function unknownFields({ document, kind, version }: Source): string[] {
  const kinds = { version, fields: KINDS, path: '' }
  const known = lookUp(kinds, kind)
  if (!known) return [`unknown kind ${sentence(kinds, kind)}`]
  const unknown = known.fields ? unknownIn(document, { ...kinds, fields: known.fields }) : []
  return unknown.map(found => `${kind}: ${found}`)
}

function unknownIn(value: unknown, level: Level): string[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) =>
      isMapping(item) ? unknownIn(item, { ...level, path: `${level.path}[${index}]` }) : [],
    )
  if (!isMapping(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = lookUp(level, key)
    if (!field) return [`unknown field ${sentence(level, key)}`]
    return field.fields ? unknownIn(inner, { ...level, fields: field.fields, path: pathOf(level, key) }) : []
  })
}

function pathOf({ path }: Level, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function lookUp({ fields, version }: Level, key: string): Field | undefined {
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined
  return field?.versions?.includes(version) === false ? undefined : field
}

function sentence(level: Level, key: string): string {
  const name = shown(pathOf(level, key))
  const elsewhere = Object.hasOwn(level.fields, key) ? level.fields[key]?.versions : undefined
  if (elsewhere) return `${name} in ${level.version} is ignored; it belongs to ${elsewhere.join(', ')}`
  const meant = guess(level, key)
  return `${name} is ignored${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

/** Names are case-sensitive: another case is the likeliest mistake. */
function guess(level: Level, key: string): string | undefined {
  const names = Object.keys(level.fields).filter(name => lookUp(level, name))
  const found = nearest(
    key.toLowerCase(),
    names.map(name => name.toLowerCase()),
  )
  return names.find(name => name.toLowerCase() === found)
}
