import { expect, it } from 'vitest'
import { firstGoPemBlock, goPemBlocks } from '../../src/x509/go-pem.ts'

const block = (type: string) => `-----BEGIN ${type}-----\nAAEC\n-----END ${type}-----\n`

it.each([
  ['a plain block', block('A'), 'A'],
  ['text before it', `x\n${block('A')}`, 'A'],
  ['a broken block before it', `-----BEGIN A-----\n!\n-----END A-----\n${block('B')}`, 'B'],
  ['a block that never ends before it', `-----BEGIN A-----\n${block('B')}`, 'B'],
  ['a blank before it', ` ${block('A')}`, undefined],
  ['nothing', '', undefined],
  ['another end', block('A').replace('END A', 'END B'), undefined],
])('%s', (_, text, type) => {
  expect(firstGoPemBlock(text)?.type).toBe(type)
})

it('finds every block, and its headers', () => {
  const blocks = goPemBlocks(`${block('A')}${block('B').replace('AAEC', 'k: v\n\nAAEC')}`)
  expect(blocks.map(({ type, hasHeaders, bytes }) => [type, hasHeaders, [...bytes]])).toEqual([
    ['A', false, [0, 1, 2]],
    ['B', true, [0, 1, 2]],
  ])
})

it('gives up on text of nothing but beginnings', () => {
  const started = performance.now()
  expect(firstGoPemBlock('-----BEGIN A-----\n'.repeat(50_000))).toBeUndefined()
  expect(performance.now() - started).toBeLessThan(5_000)
})
