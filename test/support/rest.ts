/** The API server's own words, over HTTPS as the administrator, without any client of ours. */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'

export interface RestAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server says
  readonly body: any
}

export interface Rest {
  readonly send: (method: string, path: string, body?: unknown) => Promise<RestAnswer>
  readonly close: () => void
}

function embedded(text: string, key: string): Buffer {
  return Buffer.from(new RegExp(`${key}: (\\S+)`).exec(text)?.[1] ?? '', 'base64')
}

export function administrator(root: string, port: number): Rest {
  const kubeconfig = readFileSync(join(root, 'etc/kubernetes/admin.conf'), 'utf8')
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 8,
    ca: embedded(kubeconfig, 'certificate-authority-data'),
    cert: embedded(kubeconfig, 'client-certificate-data'),
    key: embedded(kubeconfig, 'client-key-data'),
  })
  const send = (method: string, path: string, body?: unknown) =>
    new Promise<RestAnswer>((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) })
        })
      })
      sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
    })
  return { send, close: () => agent.destroy() }
}
