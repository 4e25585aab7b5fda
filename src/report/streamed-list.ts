/** Lists of any length as JSON and YAML, item by item: together they are what `renderJson` and `renderYaml` make. */
import { encodeYaml } from '../kubernetes/yaml.ts'
import { API_VERSION } from './structured.ts'

/** The start of the document comes with the first item, or with the end of a list without any. */
export interface ListWriter {
  readonly item: (item: object) => string
  readonly end: () => string
}

export interface ListHead {
  readonly kind: string
  /** Behind the items. */
  readonly [key: string]: unknown
}

/** Controls that JSON lets through, and characters that turn a line round: escaped, they are still the same. */
const UNSEEN = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

function escapeUnseen(json: string): string {
  const unit = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`
  return json.replace(UNSEEN, one =>
    one
      .split('')
      .map(half => unit(half.charCodeAt(0)))
      .join(''),
  )
}

export function jsonList({ kind, ...further }: ListHead): ListWriter {
  let count = 0
  const start = `{\n    "kind": ${JSON.stringify(kind)},\n    "apiVersion": ${JSON.stringify(API_VERSION)},\n    "items": [`
  const item = (value: object) => {
    count += 1
    const text = JSON.stringify(value, null, 4).replace(/^/gm, '        ')
    return `${count === 1 ? start : ','}\n${escapeUnseen(text)}`
  }
  const rest = Object.entries(further).map(
    ([key, value]) => `,\n    ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  )
  return { item, end: () => `${count === 0 ? start : '\n    '}]${rest.join('')}\n}\n` }
}

/** Keys sorted, as kubeadm has them. */
export function yamlList(head: ListHead): ListWriter {
  const start = `apiVersion: ${API_VERSION}\nitems:`
  let count = 0
  const item = (value: object) => {
    count += 1
    return `${count === 1 ? `${start}\n` : ''}${encodeYaml([visible(value)], { sortKeys: true })}`
  }
  const end = () => `${count === 0 ? `${start} []\n` : ''}${encodeYaml(visible(head), { sortKeys: true })}`
  return { item, end }
}

/** YAML lets such characters stand as they are: here they are written out. */
function visible(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, inner) =>
    typeof inner === 'string' ? escapeUnseen(inner) : inner,
  )
}

export const LIST_WRITERS = { json: jsonList, yaml: yamlList } as const
