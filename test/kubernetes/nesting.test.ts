/** Text that is nested deeper than anything real: one line about it, and no call stack at its end. */
import { expect, it } from 'vitest'
import { streamDocuments } from '../../src/kubernetes/document-stream.ts'
import { parseJson } from '../../src/kubernetes/yaml.ts'

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const object = (levels: number) => `{"kind":"X","spec":{"extra":${nested(levels)}}}`
const streamed = (text: string) => [...streamDocuments([Buffer.from(text)])]

it.each([200, 9_000, 200_000])('refuses %i levels', levels => {
  for (const text of [object(levels), `{"kind":"List","items":[${object(levels)}]}`])
    expect(streamed(text)).toEqual([
      expect.objectContaining({ problem: expect.stringMatching(/nested|deep/) }),
    ])
  expect(parseJson(object(levels))).toBeUndefined()
})

it('refuses them in YAML too', () => {
  expect(streamed(`kind: X\nspec: ${nested(9_000)}\n`)).toEqual([
    expect.objectContaining({ problem: expect.any(String) }),
  ])
})

it('takes what is real', () => {
  expect(streamed(object(90))).toEqual([expect.objectContaining({ value: JSON.parse(object(90)) })])
  expect(parseJson(object(90))).toEqual(JSON.parse(object(90)))
})
