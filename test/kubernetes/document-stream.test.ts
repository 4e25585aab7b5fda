/** Files of people who mean harm: small to send, large to read. */
import { expect, it } from 'vitest'
import { streamDocuments } from '../../src/kubernetes/document-stream.ts'

const read = (text: string) => [...streamDocuments([Buffer.from(text)])]

it('refuses anchors that multiply what is in it', () => {
  const many = 'x,'.repeat(100_000)
  const text = `a: &a [${many}]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n`
  expect(read(text)).toEqual([
    { problem: 'more than 1000000 values: its anchors multiply what is in it', where: 'document 1' },
  ])
})

it('takes anchors that do not', () => {
  expect(read('a: &a [1, 2]\nb: *a\n')).toEqual([{ value: { a: [1, 2], b: [1, 2] }, where: 'document 1' }])
})

it('passes over documents with nothing in them, however many', () => {
  const before = performance.now()
  const found = read(`${'---\n'.repeat(200_000)}a: 1\n${'--- \n\n'.repeat(3)}---\n- -\n`)
  expect(found.map(one => 'value' in one && one.value)).toEqual([{ a: 1 }, [[null]]])
  expect(performance.now() - before).toBeLessThan(5_000)
})
