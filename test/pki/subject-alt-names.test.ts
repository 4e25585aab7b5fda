import { describe, expect, it } from 'vitest'
import { changeSubjectAltNames } from '../../src/pki/subject-alt-names.ts'
import { encodeElement } from '../../src/x509/der.ts'
import {
  describeSubjectAltName,
  parseSubjectAltName,
  type SubjectAltName,
} from '../../src/x509/subject-alt-name.ts'

function name(text: string): SubjectAltName {
  const [, type, value = ''] = /^(URI|other|Name):(.*)$/.exec(text) ?? []
  if (type === 'Name') return { type: 'DNS', value, der: encodeElement(0x82, Buffer.from(value)) }
  if (type) return { type: type as 'URI', value, der: encodeElement(0x86, Buffer.from(value)) }
  return parseSubjectAltName(text) as SubjectAltName
}

const names = (...texts: string[]) => texts.map(name)

interface Texts {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
  readonly wanted?: readonly string[]
}

function change(old: readonly SubjectAltName[], { add = [], remove = [], wanted }: Texts) {
  const result = changeSubjectAltNames(old, {
    add: add.map(name),
    remove: remove.map(name),
    wanted: wanted?.map(name),
  })
  const texts = Object.entries(result).map(([field, list]) => [field, list.map(describeSubjectAltName)])
  return { ...(Object.fromEntries(texts) as Record<keyof typeof result, string[]>), list: result.names }
}

const OLD = names('b.test', 'URI:spiffe://b', 'a.test', '10.0.0.1', 'other:00')
const SAME = ['DNS:b.test', 'URI:spiffe://b', 'DNS:a.test', 'IP:10.0.0.1', 'other:00']

describe('changeSubjectAltNames', () => {
  it.each([
    ['nothing', {}],
    ['what is there', { add: ['A.test', '::ffff:10.0.0.1'] }],
    ['what is not there', { remove: ['c.test'] }],
    ['the same names in another order', { wanted: ['a.test', 'b.test', '10.0.0.1'] }],
    ['what is added and removed', { add: ['c.test'], remove: ['c.test'] }],
  ])('gives back the very list for %s', (_, texts) => {
    const { list, names, added, removed } = change(OLD, texts)
    expect(list).toBe(OLD)
    expect([names, added, removed]).toEqual([SAME, [], []])
  })

  it('adds behind what is there, each once', () => {
    expect(change(OLD, { add: ['c.test', 'a.test', '10.0.0.2', 'C.test'] })).toMatchObject({
      names: [...SAME, 'DNS:c.test', 'IP:10.0.0.2'],
      added: ['DNS:c.test', 'IP:10.0.0.2'],
      removed: [],
      notThere: [],
    })
  })

  it('removes, and says what was not there', () => {
    expect(change(OLD, { remove: ['B.test', 'c.test', '10.0.0.1', 'c.test', '10.0.0.2'] })).toMatchObject({
      names: ['URI:spiffe://b', 'DNS:a.test', 'other:00'],
      added: [],
      removed: ['DNS:b.test', 'IP:10.0.0.1'],
      notThere: ['DNS:c.test', 'IP:10.0.0.2'],
    })
  })

  it('can remove all', () => {
    expect(change(names('a.test', 'a.test'), { remove: ['a.test'] })).toMatchObject({
      names: [],
      removed: ['DNS:a.test', 'DNS:a.test'],
      notThere: [],
    })
  })

  it('keeps the bytes and the case of what stays', () => {
    const old = names('Name:API.test', '10.0.0.1')
    const { list } = change(old, { add: ['b.test', 'api.test'] })
    expect(list[0]).toBe(old[0])
    expect(list.map(({ value }) => value)).toEqual(['API.test', '10.0.0.1', 'b.test'])
  })

  it('puts what is wanted in place of DNS names and addresses, in its order, and keeps the rest', () => {
    expect(change(OLD, { wanted: ['a.test', 'z.test', 'c.test', '10.0.0.9'] })).toMatchObject({
      names: ['DNS:a.test', 'DNS:z.test', 'DNS:c.test', 'IP:10.0.0.9', 'URI:spiffe://b', 'other:00'],
      added: ['DNS:z.test', 'DNS:c.test', 'IP:10.0.0.9'],
      removed: ['DNS:b.test', 'IP:10.0.0.1'],
      notThere: [],
    })
  })

  it('adds to and removes from what is wanted', () => {
    expect(
      change(OLD, { wanted: ['a.test', 'c.test'], add: ['d.test'], remove: ['c.test', 'b.test'] }),
    ).toMatchObject({
      names: ['DNS:a.test', 'URI:spiffe://b', 'other:00', 'DNS:d.test'],
      added: ['DNS:d.test'],
      removed: ['DNS:b.test', 'IP:10.0.0.1'],
      notThere: ['DNS:b.test'],
    })
  })

  it('takes a certificate without names', () => {
    expect(change([], { add: ['a.test'] })).toMatchObject({ names: ['DNS:a.test'], added: ['DNS:a.test'] })
  })

  it('does not look through the list again for each name', () => {
    const many = Array.from({ length: 50_000 }, (_, index) => name(`h${index}.test`))
    const { names: changed, removed } = changeSubjectAltNames(many, { add: [], remove: many.slice(1) })
    expect([changed.length, removed.length]).toEqual([1, 49_999])
  })
})
