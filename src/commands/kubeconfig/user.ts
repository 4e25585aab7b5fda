import { EXIT, PkiError } from '../../errors.ts'
import { createUserKubeconfig } from '../../operations/user-kubeconfig.ts'
import { ALGORITHM_OPTION, ENDPOINT_OPTIONS, factFlags } from '../cluster-options.ts'
import { defineCommand } from '../command.ts'
import { durationOption, NODE_OPTIONS, readOptions, tell } from '../options.ts'

function textOption(flag: string) {
  return (value: unknown): string => {
    const text = String(value)
    if (text !== '' && !/\p{Cc}/u.test(text)) return text
    throw new PkiError('USAGE', `--${flag} wants text, found "${text}"`)
  }
}

/** Never shown. From a file it often ends with a line's end. */
function tokenOption(value: unknown): string {
  const token = String(value).trim()
  if (token !== '' && !/\s|\p{Cc}/u.test(token)) return token
  throw new PkiError(
    'USAGE',
    `--token wants a token, found ${token === '' ? 'nothing' : 'white space in it'}`,
  )
}

export const command = defineCommand({
  repeatable: ['org'],
  options: {
    'client-name': {
      type: 'string',
      coerce: textOption('client-name'),
      describe: 'Name of the user: the common name of the certificate',
    },
    org: {
      type: 'string',
      coerce: (value: unknown) =>
        [value].flat().flatMap(one => String(one).split(',').map(textOption('org'))),
      describe: 'Group of the user: an organization of the certificate; with commas or given again',
    },
    token: {
      type: 'string',
      coerce: tokenOption,
      describe: "A token instead of a certificate; the CA's key is not needed",
    },
    'validity-period': {
      type: 'string',
      coerce: durationOption('validity-period'),
      describe: 'How long the certificate is valid (default: as --config says, else 1y)',
    },
    ...ENDPOINT_OPTIONS,
    ...ALGORITHM_OPTION,
    ...NODE_OPTIONS,
  },
  examples: [
    {
      command: 'kubepki kubeconfig user --client-name alice --org developers > alice.conf',
      does: 'for the cluster of this node; the private key is in the output',
    },
    {
      command: 'kubepki kubeconfig user --client-name ci --validity-period 24h --config kubeadm.yaml',
      does: 'for a day, for the cluster of the configuration',
    },
  ],
  run: async (args, host) => {
    const clientName = args['client-name']
    if (clientName === undefined) throw new PkiError('USAGE', 'wanted --client-name, found nothing')
    const { org: organizations = [], token, 'validity-period': validity } = args
    if (token !== undefined && (organizations.length > 0 || validity !== undefined))
      throw new PkiError(
        'USAGE',
        '--token makes no certificate: --org and --validity-period have no meaning with it',
      )
    const { text, warnings } = await createUserKubeconfig({
      ...readOptions(args, host),
      ...{ clientName, organizations, token, validity },
      flags: factFlags(args),
      encryptionAlgorithm: args['encryption-algorithm'],
    })
    host.stdout(text)
    for (const warning of warnings) tell.warning(host, warning)
    return EXIT.done
  },
})
