/** One HTTPS request at a time limit: an answer whatever its status, or a PkiError that says why there is none. */

import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as requestPlainly } from 'node:http'
import { type RequestOptions, request as requestSecurely } from 'node:https'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly body?: object | undefined
  /** Ends it: an AbortError. */
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
  let text = ''
  for await (const part of textOf(response)) {
    text += part
    if (text.length > MOST_CHARACTERS) throw new Error(`an answer of more than ${MOST_CHARACTERS} characters`)
  }
  return { status: response.statusCode ?? 0, text }
}

export function open(options: RequestOptions, call: Call, isAgain = false): Promise<IncomingMessage> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  return new Promise((resolve, reject) => {
    const sent = start(call.url, {
      ...options,
      method: call.method,
      signal: call.signal,
      headers: {
        ...(options.headers as object),
        Accept: 'application/json',
        ...(body !== undefined && {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
        }),
      },
    })
    sent.once('response', resolve)
    sent.on('error', error => {
      // The server may have closed what lay idle, just before it was used again.
      const isStale = sent.reusedSocket && !call.signal.aborted && !isAgain && call.method === 'GET'
      if (isStale) open(options, call, true).then(resolve, reject)
      else reject(error)
    })
    sent.end(body)
  })
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
  let rest = ''
  for await (const part of textOf(response)) {
    const lines = (rest + part).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LONGEST_LINE) throw new Error(`a line of more than ${LONGEST_LINE} characters`)
    yield* lines.filter(line => line !== '')
  }
}
