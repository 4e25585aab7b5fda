import { phaseNames } from '../../inventory/names.ts'
import { initCertificates } from '../../operations/bootstrap.ts'
import { CERTIFICATE_PHASES } from '../../pki/bootstrap-certificates.ts'
import { BOOTSTRAP_OPTIONS, bootstrapOptions, NETWORK_OPTIONS, REPEATABLE } from '../cluster-options.ts'
import { defineCommand } from '../command.ts'
import { showBootstrap } from './outcome.ts'

export const command = defineCommand({
  names: `all, or any of: ${CERTIFICATE_PHASES.join(', ')}`,
  nameChoices: ['all', ...CERTIFICATE_PHASES],
  repeatable: [...REPEATABLE],
  options: { ...NETWORK_OPTIONS, ...BOOTSTRAP_OPTIONS },
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
      ...bootstrapOptions(args, host),
      names: phaseNames(args.names ?? [], CERTIFICATE_PHASES),
    })
    return showBootstrap(result, { args, host, heading: 'certs' })
  },
})
