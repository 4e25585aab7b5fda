import { EXIT, type ExitCode, PkiError } from '../../errors.ts'
import { named } from '../../foreign-text.ts'
import { encodeObjects } from '../../kubernetes/signing-request-object.ts'
import { connectOnce } from '../../operations/csr-connect.ts'
import { type CreatedRequest, createSigningRequest, waitingFiles } from '../../operations/csr-create.ts'
import { checkOutputs, type Fetched, fetchAnswer } from '../../operations/csr-fetch.ts'
import { approveCommands } from '../../pki/csr/approve-command.ts'
import { checkNewFile, writeWholeFile } from '../../store/new-file.ts'
import { type IssuableKeyAlgorithm, KEY_ALGORITHMS } from '../../x509/key-algorithm.ts'
import { CLUSTER_OPTIONS, clusterFlags, clusterTarget } from '../cluster-target.ts'
import { defineCommand, type Host } from '../command.ts'
import { durationOption, fileOption, MANIFEST_OUTPUT_OPTION, NODE_OPTIONS, tell } from '../options.ts'
import {
  addressesOption,
  askedFlags,
  checkDistinct,
  checkName,
  dnsOption,
  isSent,
  nodeOption,
  usagesOption,
  waits,
  wordOption,
  wordsOption,
} from './create-flags.ts'

const DEFAULT_WAIT = 15 * 60_000
const TEN_MINUTES = 600_000

const flag = (describe: string) => ({ type: 'boolean', default: false, describe }) as const

export const command = defineCommand({
  names: 'NAME is the name of the object in the cluster',
  repeatable: ['group', 'address', 'dns', 'usage'],
  options: {
    user: {
      type: 'string',
      coerce: wordOption('user'),
      describe: 'For a user of this name: a client of the API server',
    },
    group: {
      type: 'string',
      coerce: wordsOption('group'),
      describe: 'A group of the user; may be given again',
    },
    node: { type: 'string', coerce: nodeOption, describe: 'For the kubelet of this node, as a client' },
    serving: flag('For the kubelet as a server'),
    address: {
      type: 'string',
      coerce: addressesOption,
      describe: 'An IP address it serves at; with commas or given again',
    },
    dns: {
      type: 'string',
      coerce: dnsOption,
      describe: 'A DNS name it serves as; with commas or given again',
    },
    'from-csr': fileOption(
      'from-csr',
      'A request made elsewhere, PKCS#10 in PEM or DER; its key stays there',
    ),
    signer: {
      type: 'string',
      coerce: wordOption('signer'),
      describe: 'Who is to sign it (default: the signer of Kubernetes for such requests)',
    },
    usage: {
      type: 'string',
      coerce: usagesOption,
      describe:
        "What it is good for, such as 'client auth'; may be given again (default: as the signer wants it)",
    },
    expiration: {
      type: 'string',
      coerce: durationOption('expiration', TEN_MINUTES),
      describe:
        'How long it should be valid, at least 10m; the signer may shorten it (default: as long as the signer makes them)',
    },
    'encryption-algorithm': {
      choices: Object.keys(KEY_ALGORITHMS) as IssuableKeyAlgorithm[],
      describe: 'Of the new key (default: RSA-2048)',
    },
    'key-out': fileOption(
      'key-out',
      'Where the new private key goes (default: NAME.key; with --kubeconfig-out beside that, until it is in it, unless NAME.key waits already)',
    ),
    out: fileOption('out', 'Where the manifest goes (default: standard output)'),
    submit: flag('Send it to the cluster; so do --kubeconfig, --context and what waits'),
    wait: flag(
      'And wait until it is issued, denied, failed or gone; the certificate goes to standard output',
    ),
    'wait-timeout': {
      type: 'string',
      coerce: durationOption('wait-timeout'),
      describe: 'How long to wait (default: 15m)',
    },
    'cert-out': fileOption('cert-out', 'Wait, and write the certificate here'),
    'kubeconfig-out': fileOption(
      'kubeconfig-out',
      'Wait, and write a kubeconfig here, with certificate and key, for the same cluster',
    ),
    'ca-cert': fileOption(
      'ca-cert',
      'The CA that must have signed what comes back (default: a warning when it is not the one of the kubeconfig)',
    ),
    output: MANIFEST_OUTPUT_OPTION,
    ...CLUSTER_OPTIONS,
    now: NODE_OPTIONS.now,
  },
  examples: [
    {
      command: 'kubepki csr create jane --user jane --group dev > jane.yaml',
      does: 'the key to jane.key, the manifest to be applied by whoever may',
    },
    {
      command: 'kubepki csr create jane --user jane --group dev --expiration 24h --kubeconfig-out jane.conf',
      does: 'sent; when somebody has approved it, a kubeconfig for jane',
    },
    {
      command:
        'kubepki csr create worker-1-serving --node worker-1 --serving --dns worker-1 --address 10.0.0.11 --wait > worker-1.crt',
      does: 'for a kubelet that does not ask itself',
    },
  ],
  run: async (args, host) => {
    const [name = '', ...more] = args.names ?? []
    if (more.length > 0)
      throw new PkiError('USAGE', `wanted one name, found ${more.length + 1}`, {
        hint: 'one request at a time',
      })
    checkName(name)
    const asked = askedFlags(args)
    const sends = isSent(args)
    const outputs = { certificate: args['cert-out'], kubeconfig: args['kubeconfig-out'] }
    const files = waitingFiles(name, { key: args['key-out'], kubeconfig: outputs.kubeconfig })
    const { keyFile } = files
    checkDistinct([
      { what: '--key-out', path: args['key-out'] },
      ...(args['key-out'] === undefined && asked.kind !== 'request'
        ? [{ what: 'the new key', path: keyFile }]
        : []),
      ...(asked.kind === 'request' ? [] : [{ what: 'the request beside the key', path: files.csrFile }]),
      { what: '--out', path: args.out },
      { what: '--cert-out', path: args['cert-out'] },
      { what: '--kubeconfig-out', path: args['kubeconfig-out'] },
    ])
    checkOutputs(outputs, files)
    if (args.out !== undefined) checkNewFile(args.out)
    const target = sends ? clusterTarget(args, host) : undefined
    const connect = target && connectOnce({ target, name, waits: waits(args) })
    const created = await createSigningRequest({
      ...{ name, asked, files, kubeconfig: outputs.kubeconfig, signerName: args.signer, usages: args.usage },
      expirationSeconds: args.expiration === undefined ? undefined : Math.floor(args.expiration / 1000),
      algorithm: args['encryption-algorithm'],
      now: args.now ?? host.now(),
      beforeKept: connect,
    })
    if (created.flaws.length > 0) return tellFlaws(host, created)
    for (const group of (args.group ?? []).filter(one => one.includes(',')))
      tell.warning(
        host,
        `one group is named "${named(group)}", comma and all: of several each has its own --group`,
      )
    for (const { code, reason } of created.doubts)
      tell.warning(host, `${code}: ${reason}: kubepki csr approve takes --force for it`)
    if (created.key)
      tell.note(
        host,
        `key: ${keyFile}, request: ${files.csrFile}${created.isResumed ? ' (they waited there)' : ''}`,
      )
    if (!target) return print(created, args, host)
    const fetched = await fetchAnswer({
      ...{ target, connect, created, files, outputs, caFile: args['ca-cert'] },
      patience: waits(args)
        ? { timeout: args['wait-timeout'] ?? DEFAULT_WAIT, interruption: host.interruption?.() }
        : undefined,
      keepsKey: args['key-out'] !== undefined || keyFile === `${name}.key`,
      now: () => args.now ?? host.now(),
      onProgress: message => tell.note(host, message),
    })
    const [approve = ''] = approveCommands([{ name, doubts: created.doubts }], clusterFlags(args))
    const exitCode = finish(fetched, { name, approve, ...outputs }, host)
    fetched.clearUp()
    return exitCode
  },
})

function tellFlaws(host: Host, { flaws }: CreatedRequest): ExitCode {
  for (const { code, reason } of flaws) tell.error(host, `${code}: ${reason}`)
  tell.note(host, 'nothing was sent, and nothing written')
  return EXIT.failed
}

function print(
  created: CreatedRequest,
  { out, output }: { out?: string | undefined; output: 'yaml' | 'json' },
  host: Host,
): ExitCode {
  const text = encodeObjects([created.object], output)
  if (out === undefined) host.stdout(text)
  else writeWholeFile(out, text, 0o644)
  return EXIT.done
}

interface Outputs {
  readonly name: string
  /** The command that does. */
  readonly approve: string
  readonly certificate?: string | undefined
  readonly kubeconfig?: string | undefined
}

function finish(
  { state, pem, warnings }: Fetched,
  { name, approve, certificate, kubeconfig }: Outputs,
  host: Host,
): ExitCode {
  for (const warning of warnings) tell.warning(host, warning)
  if (pem === undefined) {
    host.stdout(`certificatesigningrequest.certificates.k8s.io/${name} ${state}\n`)
    tell.hint(
      host,
      `whoever may approves it: ${approve}; then the same again with --wait, --cert-out or --kubeconfig-out`,
    )
    return EXIT.done
  }
  if (certificate !== undefined) tell.note(host, `certificate: ${certificate}`)
  if (kubeconfig !== undefined) tell.note(host, `kubeconfig: ${kubeconfig}`)
  if (certificate === undefined && kubeconfig === undefined) host.stdout(pem)
  return EXIT.done
}
