/** The API server asked over HTTPS, without a kubeconfig. */
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { pairOf } from './control-plane.ts'

export interface Question {
  readonly root: string
  readonly port: number
  readonly base: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number | undefined
  readonly body: string
}

/** With a pair of the tree as the client's. */
export function listSecrets({ root, port, base, headers }: Question): Promise<Answer> {
  const pair = base === undefined ? undefined : pairOf(root, base)
  const credentials = pair && { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) }
  const ca = readFileSync(pairOf(root, 'ca').certificate)
  const target = { host: '127.0.0.1', port, path: '/api/v1/secrets', ca, headers, ...credentials }
  return new Promise((resolve, reject) => {
    const sent = request(target, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode, body }))
    })
    sent.on('error', reject).end()
  })
}
