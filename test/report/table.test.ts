import { describe, expect, it } from 'vitest'
import { renderDate, renderTable } from '../../src/report/table.ts'

describe('renderTable', () => {
  it('has columns at least 10 wide, 3 apart, and the last cell unpadded', () => {
    expect(
      renderTable([
        ['A', 'B'],
        ['x', 'longer than ten'],
      ]),
    ).toBe('A         B\nx         longer than ten\n')
    expect(
      renderTable([
        ['A', 'B'],
        ['twelve chars', ''],
      ]),
    ).toBe('A              B\ntwelve chars   \n')
  })

  it('shows control characters instead of obeying them', () => {
    expect(renderTable([['a\u001b[2Jb\n', '\u009b1']])).toBe('a\\u001b[2Jb\\u000a   \\u009b1\n')
  })
})

it.each([
  ['2026-12-30T23:36:59Z', 'Dec 30, 2026 23:36 UTC'],
  ['2027-01-02T03:04:00Z', 'Jan 02, 2027 03:04 UTC'],
  ['9999-12-31T23:59:59Z', 'Dec 31, 9999 23:59 UTC'],
])('renderDate(%s)', (instant, text) => expect(renderDate(new Date(instant))).toBe(text))
