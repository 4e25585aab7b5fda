import { phaseNames } from '../../inventory/names.ts'
import { initKubeconfigs } from '../../operations/bootstrap.ts'
import { KUBECONFIG_PHASES } from '../../pki/bootstrap-kubeconfigs.ts'
import { BOOTSTRAP_OPTIONS, bootstrapOptions } from '../cluster-options.ts'
import { defineCommand } from '../command.ts'
import { showBootstrap } from './outcome.ts'

export const command = defineCommand({
  names: `all, or any of: ${KUBECONFIG_PHASES.join(', ')}`,
  nameChoices: ['all', ...KUBECONFIG_PHASES],
  options: BOOTSTRAP_OPTIONS,
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
      ...bootstrapOptions(args, host),
      names: names === 'all' ? names : names.map(name => `${name}.conf`),
    })
    return showBootstrap(result, { args, host, heading: 'kubeconfig' })
  },
})
