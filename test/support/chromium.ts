/** Headless Chromium, by the Chrome DevTools Protocol over a pipe: JSON, each message closed by a NUL. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { tempDir } from './node.ts'

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome']

/** Undefined: there is none. */
export const CHROMIUM = COMMANDS.find(name => spawnSync(name, ['--version']).status === 0)

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly sessionId?: string
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

export interface View {
  readonly width: number
  readonly theme?: 'light' | 'dark'
  readonly media?: 'screen' | 'print'
  /** By default on. */
  readonly scripts?: boolean
}

export class Browser {
  readonly #process: ChildProcess
  readonly #requests: Writable
  readonly #answers = new Map<
    number,
    { resolve: (message: Message) => void; reject: (error: Error) => void }
  >()
  readonly #listeners = new Set<(message: Message) => void>()
  #lastId = 0

  constructor(command: string) {
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--remote-debugging-pipe',
      '--no-first-run',
    ]
    this.#process = spawn(command, [...flags, `--user-data-dir=${tempDir()}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    const [, , , requests, answers] = this.#process.stdio as unknown as [null, null, null, Writable, Readable]
    this.#requests = requests.on('error', () => undefined)
    let rest = ''
    answers.setEncoding('utf8').on('data', (text: string) => {
      const messages = `${rest}${text}`.split('\0')
      rest = messages.pop() ?? ''
      for (const message of messages) this.#take(JSON.parse(message) as Message)
    })
    this.#process.on('exit', () => {
      for (const { reject } of this.#answers.values()) reject(new Error('chromium ended'))
    })
  }

  #take(message: Message): void {
    if (message.id === undefined) for (const listener of this.#listeners) listener(message)
    const waiting = this.#answers.get(message.id ?? -1)
    this.#answers.delete(message.id ?? -1)
    if (message.error) waiting?.reject(new Error(message.error.message))
    else waiting?.resolve(message)
  }

  async send(
    method: string,
    params: object = {},
    sessionId?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    this.#lastId += 1
    const id = this.#lastId
    const answer = new Promise<Message>((resolve, reject) => this.#answers.set(id, { resolve, reject }))
    this.#requests.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return (await answer).result ?? {}
  }

  listen(listener: (message: Message) => void): void {
    this.#listeners.add(listener)
  }

  /** Opens a file in a tab of its own, and notes all that it complains of or asks for. */
  async open(file: string, view: View): Promise<Tab> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const tab = new Tab(this, sessionId as string, `file://${file}`)
    await tab.load(view)
    return tab
  }

  async close(): Promise<void> {
    const ended = new Promise(resolve => this.#process.on('exit', resolve))
    await this.send('Browser.close').catch(() => this.#process.kill('SIGKILL'))
    await ended
  }
}

export class Tab {
  /** Errors, warnings and violations of the content security policy. */
  readonly complaints: string[] = []
  /** Other addresses than the page's own. */
  readonly requests: string[] = []
  readonly #browser: Browser
  readonly #session: string
  readonly #url: string
  #onLoad: () => void = () => undefined

  constructor(browser: Browser, session: string, url: string) {
    this.#browser = browser
    this.#session = session
    this.#url = url
    browser.listen(message => message.sessionId === session && this.#note(message))
  }

  #note({ method, params = {} }: Message): void {
    if (method === 'Page.loadEventFired') this.#onLoad()
    if (method === 'Network.requestWillBeSent') {
      const { url } = params.request as { url: string }
      if (url !== this.#url) this.requests.push(url)
    }
    if (COMPLAINTS.has(method ?? '')) this.complaints.push(JSON.stringify(params))
  }

  #send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.#browser.send(method, params, this.#session)
  }

  async load({ width, theme = 'light', media = 'screen', scripts = true }: View): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Audits']) await this.#send(`${domain}.enable`)
    await this.#send('Emulation.setScriptExecutionDisabled', { value: !scripts })
    const size = { width, height: 800, deviceScaleFactor: 1, mobile: width < 600 }
    await this.#send('Emulation.setDeviceMetricsOverride', size)
    const features = [{ name: 'prefers-color-scheme', value: theme }]
    await this.#send('Emulation.setEmulatedMedia', { media, features })
    const loaded = new Promise<void>(resolve => {
      this.#onLoad = resolve
    })
    await this.#send('Page.navigate', { url: this.#url })
    await loaded
  }

  /** What an expression, or a function without arguments, comes to in the page. */
  async evaluate<T>(work: string | (() => T)): Promise<T> {
    const expression = typeof work === 'string' ? work : `(${work})()`
    const options = { expression, returnByValue: true, awaitPromise: true }
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', options)
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value: T }).value
  }

  /** What is read out, in order. */
  async roles(): Promise<string[]> {
    const { nodes } = await this.#send('Accessibility.getFullAXTree')
    const known = nodes as { readonly ignored: boolean; readonly role: { readonly value: string } }[]
    return known.filter(({ ignored }) => !ignored).map(({ role }) => role.value)
  }

  /** Types into what has the focus. */
  async type(text: string): Promise<void> {
    await this.#send('Input.insertText', { text })
  }

  /** Of the page as it is long, or of a part of it; PNG. */
  async screenshot(clip?: { readonly y: number; readonly height: number }): Promise<Buffer> {
    const width = await this.evaluate(() => document.documentElement.clientWidth)
    const part = clip && { clip: { ...clip, x: 0, width, scale: 1 } }
    const { data } = await this.#send('Page.captureScreenshot', { captureBeyondViewport: true, ...part })
    return Buffer.from(data as string, 'base64')
  }

  async pdf(): Promise<Buffer> {
    await this.#send('Emulation.setEmulatedMedia', { media: 'print', features: [] })
    const { data } = await this.#send('Page.printToPDF', {
      preferCSSPageSize: true,
      paperWidth: 8.27,
      paperHeight: 11.69,
    })
    return Buffer.from(data as string, 'base64')
  }
}

const COMPLAINTS: ReadonlySet<string> = new Set([
  'Runtime.exceptionThrown',
  'Runtime.consoleAPICalled',
  'Log.entryAdded',
  'Audits.issueAdded',
])
