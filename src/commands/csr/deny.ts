import { decideRequests } from '../../operations/decide-requests.ts'
import { defineCommand } from '../command.ts'
import { DECISION_OPTIONS, decideOptions, finishDecisions } from './decide.ts'
import { openCluster } from './options.ts'

export const command = defineCommand({
  names: 'NAME: of a request in the cluster',
  options: DECISION_OPTIONS,
  examples: [
    {
      command: 'kubepki csr deny csr-8b2xk --reason NodeUnknown --message "no node of ours has this name"',
      does: 'shown first, and asked; a denied request is never approved',
    },
  ],
  run: async (args, host) => {
    const options = decideOptions('deny', args, host)
    const api = await openCluster(args, host)
    const result = await decideRequests(api, args.names ?? [], options)
    return finishDecisions(result, args, host)
  },
})
