import { expect, it } from 'vitest'
import { approveCommands } from '../../src/pki/csr/approve-command.ts'

const doubts = [{ code: 'CLIENT_NAME', level: 'must', ok: false, reason: 'why' }] as const
const [a, b, c] = [
  { name: 'a', doubts },
  { name: 'b', doubts: [] },
  { name: 'c', doubts },
]

it('forces nothing with what has to be forced', () => {
  expect(approveCommands([a, b, c], ' --context x')).toEqual([
    'kubepki csr approve b --context x',
    'kubepki csr approve a c --context x --force',
  ])
})

it('is one command where all are alike, and none where nothing waits', () => {
  expect(approveCommands([b])).toEqual(['kubepki csr approve b'])
  expect(approveCommands([a])).toEqual(['kubepki csr approve a --force'])
  expect(approveCommands([])).toEqual([])
})
