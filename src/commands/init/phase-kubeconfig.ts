import { phaseNames } from '../../inventory/names.ts'
import { initKubeconfigs } from '../../operations/bootstrap.ts'
import { KUBECONFIG_PHASES } from '../../pki/bootstrap-kubeconfigs.ts'
import { ALGORITHM_OPTION, ENDPOINT_OPTIONS, factFlags, NODE_NAME_OPTION } from '../cluster-options.ts'
import { defineCommand } from '../command.ts'
import { CHANGE_OPTIONS, DRY_RUN_OPTION, NODE_OPTIONS, OUTPUT_OPTION, readOptions } from '../options.ts'
import { showBootstrap } from './outcome.ts'

export const command = defineCommand({
  names: `all, or any of: ${KUBECONFIG_PHASES.join(', ')}`,
  nameChoices: ['all', ...KUBECONFIG_PHASES],
  options: {
    ...ENDPOINT_OPTIONS,
    ...NODE_NAME_OPTION,
    ...ALGORITHM_OPTION,
    'dry-run': DRY_RUN_OPTION,
    output: OUTPUT_OPTION,
    ...CHANGE_OPTIONS,
    ...NODE_OPTIONS,
  },
  examples: [
    {
      command: 'kubepki init phase kubeconfig all --config kubeadm.yaml',
      does: 'all of them; what is there stays',
    },
    {
      command: 'kubepki init phase kubeconfig admin --control-plane-endpoint lb.example.com:6443',
      does: 'a lost admin.conf anew',
    },
    {
      command: 'kubepki init phase kubeconfig kubelet --node-name cp-1',
      does: "kubelet.conf with a client certificate of the node's own",
    },
  ],
  run: async (args, host) => {
    const asked = (args.names ?? []).map(name => name.replace(/\.conf$/, ''))
    const names = phaseNames(asked, KUBECONFIG_PHASES)
    const result = await initKubeconfigs({
      ...readOptions(args, host),
      names: names === 'all' ? names : names.map(name => `${name}.conf`),
      flags: factFlags(args),
      encryptionAlgorithm: args['encryption-algorithm'],
      dryRun: args['dry-run'],
      lockTimeout: args['lock-timeout'],
      keepBackups: args['keep-backups'],
    })
    return showBootstrap(result, { args, host, heading: 'kubeconfig' })
  },
})
