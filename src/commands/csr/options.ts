/** What the `csr` commands have in common: where requests come from, and by what they are judged. */
import { PkiError } from '../../errors.ts'
import { type CsrSource, manifestSource } from '../../operations/csr-source.ts'
import { readPolicy } from '../../operations/read-policy.ts'
import { POLICIES, type Policy } from '../../pki/csr/policy.ts'
import { readUserFile } from '../../store/files.ts'
import { type Certificate, readCertificates } from '../../x509/certificate.ts'
import type { Host, OptionTable } from '../command.ts'
import { NODE_OPTIONS, pathOption, tell } from '../options.ts'

export const SOURCE_OPTIONS = {
  from: {
    type: 'string',
    coerce: pathOption('from'),
    completes: 'file',
    describe: 'Requests as YAML or JSON, a file or a directory of them; - is the standard input',
  },
  now: NODE_OPTIONS.now,
} as const satisfies OptionTable

const BUILT_IN = Object.keys(POLICIES).join(', ')

export const POLICY_OPTIONS = {
  policy: {
    type: 'string',
    coerce: (value: unknown): Policy => readPolicy(pathOption('policy')(value)),
    completes: 'file',
    describe: `What to judge by, a file or one of ${BUILT_IN} (default: kubelet)`,
  },
  nodes: {
    type: 'string',
    coerce: pathOption('nodes'),
    completes: 'file',
    describe: 'Node objects with their addresses, YAML or JSON, where no cluster is asked',
  },
  'ca-cert': {
    type: 'string',
    coerce: pathOption('ca-cert'),
    completes: 'file',
    describe: 'CA certificates: no request may have the key of one',
  },
} as const satisfies OptionTable

interface SourceArguments {
  readonly from?: string | undefined
  readonly nodes?: string | undefined
}

export interface OpenedSource extends CsrSource {
  /** So far. */
  readonly strays: () => { readonly count: number; readonly broken: number }
}

/** Of many that are no requests the first are told. */
const MOST_TOLD = 10

export function openSource({ from, nodes }: SourceArguments, host: Host): OpenedSource {
  if (from === undefined)
    throw new PkiError('USAGE', 'wanted --from FILE, DIR or -', {
      hint: 'kubectl get csr -o json | kubepki csr list --from -',
    })
  let [count, broken] = [0, 0]
  const onStray = (message: string, isBroken: boolean) => {
    count += 1
    if (isBroken) broken += 1
    if (count <= MOST_TOLD) (isBroken ? tell.warning : tell.note)(host, message)
    if (count === MOST_TOLD + 1) tell.note(host, 'more that are no requests are not told')
  }
  return { ...manifestSource({ from, nodes, onStray }), strays: () => ({ count, broken }) }
}

/** Nothing was found though something is there. */
export function checkFound(count: number, { strays }: OpenedSource, from: string): void {
  if (count > 0 || strays().count === 0) return
  throw new PkiError(
    'NO_REQUESTS',
    `${from === '-' ? 'standard input' : from}: wanted CertificateSigningRequests, found none`,
  )
}

export function readAuthorities(file: string | undefined): readonly Certificate[] {
  if (file === undefined) return []
  const read = readCertificates(readUserFile(file))
  if ('certificates' in read) return read.certificates
  throw new PkiError('CA_UNUSABLE', `${file}: wanted CA certificates, found none that can be read`)
}

export const DEFAULT_POLICY = POLICIES.kubelet as Policy
