import { expect, it } from 'vitest'
import { named, shown, withoutSecrets } from '../src/foreign-text.ts'
import { printable } from '../src/report/printable.ts'

it.each([
  ['\u202e', '\\u202e'],
  ['\u200b', '\\u200b'],
  ['\ufeff', '\\ufeff'],
  ['\u{e0041}', '\\u{e0041}'],
  ['\u001b', '\\u001b'],
  ['\u2028', '\\u2028'],
])('shows what does not show: %j', (hidden, visible) => {
  expect(named(`a${hidden}b`)).toBe(`a${visible}b`)
  expect(printable(`a${hidden}b`)).toBe(`a${visible}b`)
  expect(shown(`a${hidden}b`)).not.toContain(hidden)
})

it('leaves secrets out, and names as they are', () => {
  expect(named('bad header "Authorization: Bearer abc.def": no')).toBe(
    'bad header "Authorization: Bearer ...": no',
  )
  expect(withoutSecrets('https://eve:secret@host:6443/x')).toBe('https://...@host:6443/x')
  expect(withoutSecrets('https://eve:se@cr@et@host:6443/x')).toBe('https://...@host:6443/x')
  for (const plain of ['jane@example.com', 'email:a@b', 'https://host:6443', 'J\u00fcrgen'])
    expect(named(plain)).toBe(plain)
})
