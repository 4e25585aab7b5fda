/** What making a node's files did: kubeadm's lines, or data. */
import type { BootstrapResult, BootstrapRow } from '../pki/bootstrap-result.ts'
import { printable } from './printable.ts'
import { bootstrapDocument, renderJson, renderYaml } from './structured.ts'

type Kind = BootstrapRow['kind']
type Line = (row: BootstrapRow) => string

const generating: Line = ({ baseName }) => `[certs] Generating "${baseName}" certificate and key`

/** kubeadm's words for each; where a CA's key is elsewhere, `external`. */
const LINES: Readonly<Record<Kind, Readonly<Record<BootstrapRow['action'] | 'external', Line>>>> = {
  ca: {
    created: generating,
    kept: ({ baseName }) => `[certs] Using existing ${baseName} certificate authority`,
    external: ({ baseName }) => `[certs] Using existing ${baseName} keyless certificate authority`,
    skipped: ({ baseName }) =>
      `[certs] External etcd mode: Skipping ${baseName} certificate authority generation`,
  },
  leaf: {
    created: row => [generating(row), ...servingLine(row)].join('\n'),
    kept: ({ baseName }) => `[certs] Using existing ${baseName} certificate and key on disk`,
    external: ({ baseName }) => `[certs] Using existing ${baseName} certificate and key on disk`,
    skipped: ({ baseName }) => `[certs] External etcd mode: Skipping ${baseName} certificate generation`,
  },
  sa: {
    created: () => '[certs] Generating "sa" key and public key',
    kept: () => '[certs] Using the existing "sa" key',
    external: () => '[certs] Using existing sa keys',
    skipped: () => '',
  },
  kubeconfig: {
    created: ({ baseName }) => `[kubeconfig] Writing "${baseName}" kubeconfig file`,
    kept: ({ file }) => `[kubeconfig] Using existing kubeconfig file: "${file}"`,
    external: ({ baseName }) => `[kubeconfig] External CA mode: Using user provided ${baseName}`,
    skipped: () => '',
  },
}

function servingLine({ baseName, created }: BootstrapRow): string[] {
  if (!created?.isServing) return []
  const { dnsNames, ipAddresses } = created
  return [
    `[certs] ${baseName} serving cert is signed for DNS names [${dnsNames.join(' ')}] and IPs [${ipAddresses.join(' ')}]`,
  ]
}

/** Before the lines. */
export type Heading = 'certs' | 'kubeconfig'

const HEADINGS: Readonly<Record<Heading, (directory: string) => string>> = {
  certs: directory => `[certs] Using certificateDir folder "${directory}"`,
  kubeconfig: directory => `[kubeconfig] Using kubeconfig folder "${directory}"`,
}

function renderText({ directory, files }: BootstrapResult, heading: Heading): string {
  const lines = files.map(row => LINES[row.kind][row.externallyManaged ? 'external' : row.action](row))
  return [HEADINGS[heading](directory), ...lines]
    .flatMap(text => text.split('\n'))
    .map(line => `${printable(line)}\n`)
    .join('')
}

export const BOOTSTRAP_FORMATS = {
  text: renderText,
  json: (result: BootstrapResult) => renderJson(bootstrapDocument(result)),
  yaml: (result: BootstrapResult) => renderYaml(bootstrapDocument(result)),
} as const satisfies Record<string, (result: BootstrapResult, heading: Heading) => string>
