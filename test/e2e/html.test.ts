/** `-o html` in headless Chromium: what it shows, asks for and complains of. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderExpirationPage, renderVerificationPage } from '../../src/report/html/pages.ts'
import { Browser, CHROMIUM, type Tab, type View } from '../support/chromium.ts'
import { kubepki } from '../support/host.ts'
import { tempDir } from '../support/node.ts'
import { expirationOf, HOSTILE, troubledNode, verificationOf } from '../support/pages.ts'

if (CHROMIUM === undefined) {
  const found = 'html: no browser has looked at the pages: apt-get install chromium'
  if (process.env.CI) throw new Error(found)
  console.warn(found)
}

let browser: Browser
const files = { verify: '', expiration: '', command: '' }
type Name = keyof typeof files

beforeAll(async () => {
  if (CHROMIUM === undefined) return
  browser = new Browser(CHROMIUM)
  const [directory, root] = [tempDir(), troubledNode()]
  for (const name of Object.keys(files) as Name[]) files[name] = join(directory, `${name}.html`)
  writeFileSync(files.verify, await renderVerificationPage(await verificationOf(root)))
  writeFileSync(files.expiration, await renderExpirationPage(expirationOf(root)))
  await kubepki('certs', 'verify', '--root', root, '-o', 'html', '--output-file', files.command)
})
afterAll(() => browser?.close())

const open = (name: Name, view: View): Promise<Tab> => browser.open(files[name], view)

const VIEWS: readonly View[] = [380, 700, 1280].flatMap(width =>
  (['light', 'dark'] as const).map(theme => ({ width, theme })),
)
const CASES = (['verify', 'expiration', 'command'] as const).flatMap(name =>
  VIEWS.map(view => [name, view.width, view.theme, view] as const),
)

/** Texts whose colour is less than 4.5 times lighter or darker than what is behind them (WCAG 2, AA). */
function faintTexts(): string[] {
  const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = channels(color).map(value =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const behind = (element: Element | null): string => {
    const color = element ? getComputedStyle(element).backgroundColor : 'rgb(255, 255, 255)'
    return element && channels(color)[3] === 0 ? behind(element.parentElement) : color
  }
  const faint: string[] = []
  const check = (element: Element, color: string, text: string) => {
    const [one, other] = [luminance(color), luminance(behind(element))].toSorted((a, b) => b - a) as [
      number,
      number,
    ]
    const ratio = (one + 0.05) / (other + 0.05)
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${color} ${text.slice(0, 40)}`)
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  let checked = 0
  while (walker.nextNode()) {
    const { textContent, parentElement } = walker.currentNode
    if (!parentElement || !textContent?.trim() || parentElement.closest('script, [hidden]')) continue
    check(parentElement, getComputedStyle(parentElement).color, textContent)
    checked += 1
  }
  for (const cell of document.querySelectorAll('td'))
    check(cell, getComputedStyle(cell, '::before').color, cell.dataset.label ?? '')
  for (const input of document.querySelectorAll('input'))
    check(input, getComputedStyle(input, '::placeholder').color, 'placeholder')
  return checked > 100 ? faint : ['there is hardly any text']
}

/** What a reader could miss at the right edge, or see on top of something else. */
function spilled(): string[] {
  const { clientWidth, scrollWidth } = document.documentElement
  const wide = [...document.querySelectorAll('body *')].filter(element => {
    const { right, width } = element.getBoundingClientRect()
    return width > 1 && right > clientWidth + 0.5 && !element.closest('svg')
  })
  const clipped = [...document.querySelectorAll('td, tbody th, dd, li')].filter(
    element => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1,
  )
  const page = scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide`] : []
  return [...page, ...[...wide, ...clipped].map(element => element.outerHTML.slice(0, 120))]
}

describe.skipIf(CHROMIUM === undefined)('in a browser', () => {
  it.each(CASES)('%s at %i px, %s: whole, legible, alone', async (name, _width, _theme, view) => {
    const tab = await open(name, view)
    expect(await tab.evaluate(spilled)).toEqual([])
    expect(await tab.evaluate(faintTexts)).toEqual([])
    expect(tab.complaints).toEqual([])
    expect(tab.requests).toEqual([])
  })

  it('follows the theme', async () => {
    const color = async (theme: 'light' | 'dark') =>
      (await open('verify', { width: 800, theme })).evaluate(
        () => getComputedStyle(document.body).backgroundColor,
      )
    expect(await color('light')).not.toBe(await color('dark'))
  })

  it('shows a hostile name, and obeys nothing in it', async () => {
    const tab = await open('verify', { width: 1280 })
    const text = await tab.evaluate(() => document.body.textContent ?? '')
    expect(text).toContain(HOSTILE)
    expect(text).toContain('evil\\u{202e}gpj.exe')
    expect(await tab.evaluate(() => document.images.length + document.scripts.length)).toBe(1)
  })

  it('its policy holds: what is put into it later has no effect', async () => {
    const tab = await open('verify', { width: 1280 })
    await tab.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'document.title = "taken"'
      const image = document.createElement('img')
      image.src = 'https://192.0.2.1/x'
      image.setAttribute('style', 'width: 5000px')
      document.body.append(script, image)
    })
    expect(await tab.evaluate(() => document.title)).toMatch(
      /^Certificates of cp-1: 1 certificate has expired/,
    )
    expect(await tab.evaluate(() => document.images[0]?.width)).not.toBe(5000)
    await expect.poll(() => tab.complaints.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3)
  })

  it('has its tables as tables for who hears them, narrow or wide', async () => {
    for (const width of [380, 1280]) {
      const tab = await open('verify', { width })
      const roles = await tab.roles()
      expect(roles.filter(role => role === 'table')).toHaveLength(4)
      expect(roles.filter(role => role === 'columnheader')).toHaveLength(24)
      expect(roles.filter(role => role === 'rowheader').length).toBeGreaterThan(15)
      for (const role of ['search', 'searchbox', 'main', 'banner', 'contentinfo', 'article', 'status'])
        expect(roles).toContain(role)
    }
  })

  it('finds rows by every word that is typed', async () => {
    const tab = await open('verify', { width: 1280 })
    const shown = () =>
      tab.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('[data-row]')]
          .filter(row => row.offsetParent !== null)
          .map(row => row.querySelector('.name')?.textContent),
      )
    const all = await shown()
    await tab.evaluate(() => document.querySelector('input')?.focus())
    await tab.type('ETCD/')
    const found = await shown()
    expect(found.length).toBeLessThan(all.length)
    expect(found).toContain('etcd-ca')
    expect(found).not.toContain('admin.conf')
    await tab.type(' peer')
    expect(await shown()).toEqual(['etcd-peer'])
    expect(await tab.evaluate(() => document.querySelector('output')?.textContent)).toBe(
      `1 of ${all.length} rows`,
    )
    await tab.type(' no such thing')
    expect(await shown()).toEqual([])
    expect(await tab.evaluate(() => document.querySelectorAll('.nothing:not([hidden])').length)).toBe(5)
    await tab.evaluate(() => {
      const input = document.querySelector('input') as HTMLInputElement
      input.value = ''
      input.dispatchEvent(new Event('input'))
    })
    expect(await shown()).toEqual(all)
  })

  it('is whole without scripts', async () => {
    const tab = await open('verify', { width: 380, scripts: false })
    expect(await tab.evaluate(() => document.querySelector('form')?.offsetParent === null)).toBe(true)
    const hidden = await tab.evaluate(
      () =>
        [...document.querySelectorAll<HTMLElement>('[data-row]')].filter(row => row.offsetParent === null)
          .length,
    )
    expect(hidden).toBe(0)
  })

  it('marks today, 30 and 90 days, and what has expired before them', async () => {
    const tab = await open('verify', { width: 1280 })
    const centre = (selector: string) =>
      tab.evaluate<number>(
        `(() => { const { left, right } = document.querySelector('${selector}').getBoundingClientRect(); return (left + right) / 2 })()`,
      )
    const [today, month, quarter] = [await centre('.at-0'), await centre('.at-30'), await centre('.at-90')]
    expect(await centre('.today')).toBeCloseTo(today, 0)
    expect([today, month, quarter]).toEqual([today, month, quarter].toSorted((one, other) => one - other))
    expect(await centre('.events .bad .end .icon')).toBeLessThan(today)
    const soon = await centre('.events .warn .end .icon')
    expect(soon).toBeGreaterThan(today)
    expect(soon).toBeLessThan(month)
    const later = await centre('.events .soon .end .icon')
    expect(later).toBeGreaterThan(month)
    expect(later).toBeLessThan(quarter)
  })

  it('prints as a page of a few sheets, with dark letters, whatever the theme', async () => {
    const tab = await open('verify', { width: 700, theme: 'dark', media: 'print' })
    expect(await tab.evaluate(spilled)).toEqual([])
    expect(await tab.evaluate(faintTexts)).toEqual([])
    expect(await tab.evaluate(() => getComputedStyle(document.body).color)).toBe('rgb(28, 33, 39)')
    expect(
      await tab.evaluate(() => getComputedStyle(document.querySelector('table') as Element).display),
    ).toBe('table')
    const sheets = (await tab.pdf()).toString('latin1').match(/\/Type \/Page\b/g)
    expect(sheets?.length).toBeLessThanOrEqual(5)
  })
})
