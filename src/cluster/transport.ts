/** One HTTPS request at a time limit: an answer whatever its status, or a PkiError that says why there is none. */

import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as requestPlainly } from 'node:http'
import { type RequestOptions, request as requestSecurely } from 'node:https'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly body?: object | undefined
  /** Ends it: its reason. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly text: string
}

/** Of a page of the largest objects there are. */
const MOST_CHARACTERS = 64 * 1024 * 1024

/** Rejects with whatever the socket says. */
export async function send(options: RequestOptions, call: Call): Promise<Answer> {
  const response = await open(options, call)
  return { status: response.statusCode ?? 0, text: await bodyOf(response, call.signal) }
}

/** What is refused is a sentence or two. */
const MOST_OF_REFUSAL = 1024 * 1024

/** Rejects when there is too much of it, or it takes too long. */
export async function bodyOf(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const isRefusal = (response.statusCode ?? 0) > 299
  const most = isRefusal ? MOST_OF_REFUSAL : MOST_CHARACTERS
  const end = () => response.destroy(signal.reason)
  signal.addEventListener('abort', end)
  try {
    let text = ''
    for await (const part of textOf(response)) {
      text += part
      if (text.length > most) throw new Error(`an answer of more than ${most} characters`)
    }
    return text
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** The code of what is neither an answer nor a connection that failed. */
export const SWITCHED = 'HTTP_SWITCHED'

export function open(options: RequestOptions, call: Call, isAgain = false): Promise<IncomingMessage> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  return new Promise((resolve, reject) => {
    const sent = start(call.url, {
      ...options,
      method: call.method,
      headers: {
        ...(options.headers as object),
        Accept: 'application/json',
        ...(body !== undefined && {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
        }),
      },
    })
    const begun = endedBy(call.signal, sent)
    sent.once('response', resolve)
    sent.on('error', error => {
      // The server may have closed what lay idle, just before it was used again.
      const isStale = sent.reusedSocket && !begun.response && !call.signal.aborted
      if (isStale && !isAgain && call.method === 'GET') resolve(open(options, call, true))
      else reject(error)
    })
    // What it would be switched to is nobody's here.
    sent.once('upgrade', (_, socket) => {
      socket.destroy()
      reject(Object.assign(new Error('it switches protocols'), { code: SWITCHED }))
    })
    sent.once('close', () => reject(new Error('the connection was closed')))
    sent.end(body)
  })
}

interface Begun {
  response?: IncomingMessage
}

/**
 * Ends the request, or its answer once that has begun. `signal` of http.request is no way: where an answer is whole, and not
 * read to its end, Node.js 20 destroys the socket with an error that nobody can catch.
 */
function endedBy(signal: AbortSignal, sent: ClientRequest): Begun {
  const begun: Begun = {}
  const end = () => void (begun.response ?? sent).destroy(signal.reason)
  const release = () => signal.removeEventListener('abort', end)
  signal.addEventListener('abort', end)
  sent.once('response', response => {
    begun.response = response
    response.once('close', release)
  })
  sent.once('close', () => {
    if (!begun.response) release()
  })
  if (signal.aborted) end()
  return begun
}

function start(url: URL, options: RequestOptions): ClientRequest {
  return url.protocol === 'http:' ? requestPlainly(url, options) : requestSecurely(url, options)
}

async function* textOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8')
  for await (const part of response) yield part as string
}

/** Longer than any event of a watch. */
const LONGEST_LINE = 32 * 1024 * 1024

/** The lines of an answer as they come. */
export async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let parts: string[] = []
  let length = 0
  for await (const part of textOf(response)) {
    // What came before has no line end in it, and is not searched again.
    const [first = '', ...more] = part.split('\n')
    parts.push(first)
    length += first.length
    if (length > LONGEST_LINE) throw new Error(`a line of more than ${LONGEST_LINE} characters`)
    const rest = more.pop()
    if (rest === undefined) continue
    yield* [parts.join(''), ...more].filter(line => line !== '')
    parts = [rest]
    length = rest.length
  }
}
