import { phaseNames } from '../../inventory/names.ts'
import { initCertificates } from '../../operations/bootstrap.ts'
import { CERTIFICATE_PHASES } from '../../pki/bootstrap-certificates.ts'
import {
  ALGORITHM_OPTION,
  ENDPOINT_OPTIONS,
  factFlags,
  NETWORK_OPTIONS,
  NODE_NAME_OPTION,
  REPEATABLE,
} from '../cluster-options.ts'
import { defineCommand } from '../command.ts'
import { CHANGE_OPTIONS, DRY_RUN_OPTION, NODE_OPTIONS, OUTPUT_OPTION, readOptions } from '../options.ts'
import { showBootstrap } from './outcome.ts'

export const command = defineCommand({
  names: `all, or any of: ${CERTIFICATE_PHASES.join(', ')}`,
  nameChoices: ['all', ...CERTIFICATE_PHASES],
  repeatable: [...REPEATABLE],
  options: {
    ...ENDPOINT_OPTIONS,
    ...NODE_NAME_OPTION,
    ...NETWORK_OPTIONS,
    ...ALGORITHM_OPTION,
    'dry-run': DRY_RUN_OPTION,
    output: OUTPUT_OPTION,
    ...CHANGE_OPTIONS,
    ...NODE_OPTIONS,
  },
  examples: [
    {
      command: 'kubepki init phase certs all --config kubeadm.yaml',
      does: 'all of them; what is there stays',
    },
    {
      command: 'kubepki init phase certs all --control-plane-endpoint lb.example.com --dry-run',
      does: 'what would be made, and for which names',
    },
    { command: 'kubepki init phase certs ca etcd-ca', does: 'two CAs' },
    {
      command: 'kubepki init phase certs apiserver --apiserver-cert-extra-sans lb.example.com,203.0.113.7',
      does: 'one certificate that is missing, with more names',
    },
  ],
  run: async (args, host) => {
    const result = await initCertificates({
      ...readOptions(args, host),
      names: phaseNames(args.names ?? [], CERTIFICATE_PHASES),
      flags: factFlags(args),
      encryptionAlgorithm: args['encryption-algorithm'],
      dryRun: args['dry-run'],
      lockTimeout: args['lock-timeout'],
      keepBackups: args['keep-backups'],
    })
    return showBootstrap(result, { args, host, heading: 'certs' })
  },
})
