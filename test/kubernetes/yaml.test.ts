import { expect, it } from 'vitest'
import { encodeYaml, parseYaml } from '../../src/kubernetes/yaml.ts'

it.each([
  ['prod', 'prod'],
  ['1.2.3', '1.2.3'],
  ['123', '"123"'],
  ['0x1f', '"0x1f"'],
  ['1e3', '"1e3"'],
  ['-1', '"-1"'],
  ['1:30', '"1:30"'],
  ['2021-01-01', '"2021-01-01"'],
  ['on', '"on"'],
  ['Null', '"Null"'],
  ['~', '"~"'],
  ['-', "'-'"],
  ['1:', "'1:'"],
  ['a: b', "'a: b'"],
  ['#x', "'#x'"],
  ['a\tb', '"a\\tb"'],
])('the text %j is written as kubectl does: %s', (text, written) => {
  const yaml = encodeYaml({ name: text })
  expect(yaml).toBe(`name: ${written}\n`)
  expect(parseYaml(yaml)).toEqual({ documents: [{ name: text }] })
})

it('what is no text has no quotes', () => {
  expect(encodeYaml({ a: 1, b: 1.5, c: true, d: null })).toBe('a: 1\nb: 1.5\nc: true\nd: null\n')
})

it.each(['&a [*a]', 'a: &a { b: [{ c: *a }] }'])('an anchor that holds itself is no YAML: %s', text => {
  expect(parseYaml(text)).toEqual({ reason: 'YAML_MALFORMED', found: 'an anchor holds itself' })
})

it('reads an anchor that is used twice', () => {
  expect(parseYaml('[&a [x], *a, [*a]]')).toEqual({ documents: [[['x'], ['x'], [['x']]]] })
})

it.each([
  ['what steers a terminal', 'a: !<tag:\u0001> b', /^[ -~]*\\u0001 in line 1$/],
  ['what may be a key', `a: *${'kEy0'.repeat(16)}`, /^[^k]*\.\.\./],
])('does not repeat %s', (_, text, found) => {
  expect(parseYaml(text)).toEqual({ reason: 'YAML_MALFORMED', found: expect.stringMatching(found) })
})
