/** Options that say what a node and its cluster are, under kubeadm's names; each is checked as the configuration's field is. */
import { isSubdomain } from '../dns-name.ts'
import { PkiError } from '../errors.ts'
import { isGlobalUnicast, parseIpAddress } from '../ip-address.ts'
import { wantedOfServiceSubnet } from '../kubernetes/configured-subnets.ts'
import { type EndpointAddress, parseEndpointAddress } from '../kubernetes/endpoint-address.ts'
import { parseVersion } from '../kubernetes/version.ts'
import type { FactFlags } from '../pki/cluster-facts.ts'
import { type IssuableKeyAlgorithm, KEY_ALGORITHMS } from '../x509/key-algorithm.ts'
import { parseSubjectAltName } from '../x509/subject-alt-name.ts'
import type { Host, OptionTable } from './command.ts'
import { CHANGE_OPTIONS, DRY_RUN_OPTION, NODE_OPTIONS, OUTPUT_OPTION, readOptions } from './options.ts'

/** `read` answers undefined for what the flag does not take. */
function checked<T>(flag: string, wanted: string, read: (text: string) => T | undefined) {
  return (value: unknown): T => {
    const text = String(value)
    const result = read(text)
    if (result !== undefined) return result
    throw new PkiError('USAGE', `--${flag} wants ${wanted}, found "${text}"`)
  }
}

const when = (holds: boolean, text: string) => (holds ? text : undefined)

function reachableAddress(text: string): string | undefined {
  const address = parseIpAddress(text)
  return address && isGlobalUnicast(address) ? address.text : undefined
}

function portOf(text: string): number | undefined {
  const port = Number(text)
  return /^\d+$/.test(text) && port >= 1 && port <= 65535 ? port : undefined
}

/** Of a list with commas, or given again. */
function namesOption(value: unknown): string[] {
  const names = [value].flat().flatMap(one => String(one).split(','))
  return names.map(
    checked('apiserver-cert-extra-sans', 'DNS names and IP addresses', text =>
      when(parseSubjectAltName(text) !== undefined && !/^(dns|ip):/i.test(text), text.toLowerCase()),
    ),
  )
}

function serviceSubnetOption(value: unknown): string {
  const text = String(value)
  const wanted = wantedOfServiceSubnet(text)
  if (wanted === undefined) return text
  throw new PkiError('USAGE', `--service-cidr wants ${wanted}, found "${text}"`)
}

export const REPEATABLE = ['apiserver-cert-extra-sans'] as const

export const ENDPOINT_OPTIONS = {
  'control-plane-endpoint': {
    type: 'string',
    coerce: checked<EndpointAddress>(
      'control-plane-endpoint',
      'an IP address or a DNS name, and perhaps a port',
      parseEndpointAddress,
    ),
    describe: 'Address or DNS name that all control-plane nodes are reached at, host[:port]',
  },
  'apiserver-advertise-address': {
    type: 'string',
    coerce: checked('apiserver-advertise-address', 'an IP address that others can reach', reachableAddress),
    describe: "This node's address (default: as its files say, else that of the default route)",
  },
  'apiserver-bind-port': {
    type: 'string',
    coerce: checked('apiserver-bind-port', 'a port from 1 to 65535', portOf),
    describe: 'Port of the API server on this node (default: 6443)',
  },
  'kubernetes-version': {
    type: 'string',
    coerce: checked('kubernetes-version', 'a version such as v1.31.2', text =>
      when(parseVersion(text) !== undefined, text),
    ),
    describe: 'Decides what is in the subjects (default: as the manifests say, else the newest known)',
  },
} as const satisfies OptionTable

const NODE_NAME_OPTION = {
  'node-name': {
    type: 'string',
    coerce: checked('node-name', 'a DNS subdomain', text => {
      const name = text.trim().toLowerCase()
      return when(isSubdomain(name), name)
    }),
    describe: "This node's name (default: as its files say, else the host's)",
  },
} as const satisfies OptionTable

export const NETWORK_OPTIONS = {
  'apiserver-cert-extra-sans': {
    type: 'string',
    coerce: namesOption,
    describe: "More DNS names and addresses for the API server's certificate, with commas or given again",
  },
  'service-cidr': {
    type: 'string',
    coerce: serviceSubnetOption,
    describe: 'Addresses of services (default: 10.96.0.0/12)',
  },
  'service-dns-domain': {
    type: 'string',
    coerce: checked('service-dns-domain', 'a DNS subdomain', text => when(isSubdomain(text), text)),
    describe: 'DNS domain of services (default: cluster.local)',
  },
} as const satisfies OptionTable

export const ALGORITHM_OPTION = {
  'encryption-algorithm': {
    choices: Object.keys(KEY_ALGORITHMS) as IssuableKeyAlgorithm[],
    describe: 'Of the new keys (default: as --config says, else RSA-2048)',
  },
} as const satisfies OptionTable

interface ClusterArguments {
  readonly 'control-plane-endpoint'?: EndpointAddress | undefined
  readonly 'apiserver-advertise-address'?: string | undefined
  readonly 'apiserver-bind-port'?: number | undefined
  readonly 'kubernetes-version'?: string | undefined
  readonly 'node-name'?: string | undefined
  readonly 'apiserver-cert-extra-sans'?: readonly string[] | undefined
  readonly 'service-cidr'?: string | undefined
  readonly 'service-dns-domain'?: string | undefined
}

export function factFlags(args: ClusterArguments): FactFlags {
  return {
    nodeName: args['node-name'],
    advertiseAddress: args['apiserver-advertise-address'],
    bindPort: args['apiserver-bind-port'],
    controlPlaneEndpoint: args['control-plane-endpoint'],
    serviceSubnet: args['service-cidr'],
    dnsDomain: args['service-dns-domain'],
    apiServerCertSans: args['apiserver-cert-extra-sans'],
    kubernetesVersion: args['kubernetes-version'],
  }
}

/** Of every command that makes new files. */
export const BOOTSTRAP_OPTIONS = {
  ...ENDPOINT_OPTIONS,
  ...NODE_NAME_OPTION,
  ...ALGORITHM_OPTION,
  'dry-run': DRY_RUN_OPTION,
  output: OUTPUT_OPTION,
  ...CHANGE_OPTIONS,
  ...NODE_OPTIONS,
} as const satisfies OptionTable

type BootstrapArguments = ClusterArguments &
  Parameters<typeof readOptions>[0] & {
    readonly 'encryption-algorithm'?: IssuableKeyAlgorithm | undefined
    readonly 'dry-run': boolean
    readonly 'lock-timeout'?: number | undefined
    readonly 'keep-backups'?: number | undefined
  }

export function bootstrapOptions(args: BootstrapArguments, host: Host) {
  return {
    ...readOptions(args, host),
    flags: factFlags(args),
    encryptionAlgorithm: args['encryption-algorithm'],
    dryRun: args['dry-run'],
    lockTimeout: args['lock-timeout'],
    keepBackups: args['keep-backups'],
  }
}
