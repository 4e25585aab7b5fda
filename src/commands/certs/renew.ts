import { EXIT, type ExitCode, PkiError } from '../../errors.ts'
import { renewableNames } from '../../inventory/names.ts'
import { RENEWABLE } from '../../inventory/select.ts'
import { renewCertificates } from '../../operations/renew.ts'
import { HARMLESS } from '../../pki/renewal.ts'
import type { PendingRequest, RenewalResult } from '../../pki/renewal-result.ts'
import { RENEWAL_FORMATS, type RenewalFormatName } from '../../report/renewal.ts'
import { restartHints } from '../../report/restart.ts'
import { type IssuableKeyAlgorithm, KEY_ALGORITHMS } from '../../x509/key-algorithm.ts'
import { defineCommand, type Host } from '../command.ts'
import { durationOption, NODE_OPTIONS, pathOption, readOptions, tell, tellSources } from '../options.ts'

const NAMES = RENEWABLE.map(({ name }) => name)
const ALGORITHMS = Object.keys(KEY_ALGORITHMS) as IssuableKeyAlgorithm[]

export const command = defineCommand({
  names: `all, or any of: ${NAMES.join(', ')}`,
  options: {
    'csr-only': {
      type: 'boolean',
      default: false,
      describe: 'Write keys and requests for an external CA, sign nothing',
    },
    'csr-dir': {
      type: 'string',
      coerce: pathOption('csr-dir'),
      describe: 'Where requests and their keys go (default: csr in the PKI directory)',
    },
    force: { type: 'boolean', default: false, describe: 'Replace requests that are already pending' },
    'encryption-algorithm': {
      choices: ALGORITHMS,
      describe: 'Of the new keys (default: as --config says, else as the old key)',
    },
    validity: {
      type: 'string',
      coerce: durationOption('validity'),
      describe: 'How long the new certificates are valid (default: as --config says, else 1y)',
    },
    output: {
      alias: 'o',
      choices: Object.keys(RENEWAL_FORMATS) as RenewalFormatName[],
      default: 'text' as RenewalFormatName,
      describe: 'Output format',
    },
    ...NODE_OPTIONS,
  },
  examples: [
    { command: 'kubepki certs renew all', does: 'what kubeadm renews, signed by the CAs on this disk' },
    { command: 'kubepki certs renew apiserver etcd-server --validity 90d', does: 'two of them, for 90 days' },
    {
      command: 'kubepki certs renew all --csr-only --csr-dir /root/csr',
      does: 'keys and requests for a CA elsewhere',
    },
  ],
  run: async (args, host) => {
    const asked = (args.names ?? []).map(String)
    const names = renewableNames(asked)
    const isAll = names === 'all'
    if (args['csr-only'] && args.validity !== undefined) {
      throw new PkiError('USAGE', '--validity and --csr-only exclude each other', {
        hint: 'a request says nothing of time: whoever signs it decides',
      })
    }
    const result = await renewCertificates({
      ...readOptions(args, host),
      names,
      csrOnly: args['csr-only'],
      csrDir: args['csr-dir'],
      force: args.force,
      encryptionAlgorithm: args['encryption-algorithm'],
      validity: args.validity,
    })
    host.stdout(RENEWAL_FORMATS[args.output](result, { isAll }))
    if (args.verbose) tellSources(host, result.sources)
    return explain(result, { host, isAll })
  },
})

function explain(result: RenewalResult, { host, isAll }: { host: Host; isAll: boolean }): ExitCode {
  for (const warning of result.warnings) tell.warning(host, warning)
  const failed = result.skipped.filter(({ reason }) => !HARMLESS.has(reason))
  for (const { name, message } of failed) tell.error(host, `${name} not renewed: ${message}`)
  for (const hint of new Set(failed.flatMap(({ hint }) => hint ?? []))) tell.hint(host, hint)
  const hints = [...restartHints(result, { isAll }), ...pendingHints(result.pending)]
  for (const line of hints) tell.hint(host, line)
  return failed.length > 0 ? EXIT.failed : EXIT.done
}

function pendingHints(pending: readonly PendingRequest[]): string[] {
  if (pending.length === 0) return []
  return [
    'have each request signed with the SANs and usages it asks for (openssl x509 -req -copy_extensions copyall ...), put both files in place, restart what uses them:',
    ...pending.map(one => `  ${one.csrFile}, signed by ${one.caName}: certificate to ${placeOf(one)}`),
  ]
}

function placeOf({ certificateFile, certificateKeyFile, keyFile, kubeconfigUser }: PendingRequest): string {
  if (kubeconfigUser === undefined) return `${certificateFile}, ${keyFile} to ${certificateKeyFile}`
  return `client-certificate-data and ${keyFile} to client-key-data of user ${kubeconfigUser} in ${certificateFile}, in base64`
}
