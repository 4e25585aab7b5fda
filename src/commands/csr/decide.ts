/** What approving and denying have in common: shown first, asked, done, told. */
import { EXIT, type ExitCode, PkiError } from '../../errors.ts'
import { readFleet } from '../../operations/csr-source.ts'
import type { DecideOptions } from '../../operations/decide-requests.ts'
import type { CsrDecision, CsrDecisionResult, PlannedDecision } from '../../pki/csr/decision.ts'
import type { Policy } from '../../pki/csr/policy.ts'
import {
  CSR_DECISION_FORMATS,
  renderDecision,
  renderPlan,
  summaryOfDecisions,
} from '../../report/csr-decision.ts'
import { CLUSTER_OPTIONS } from '../cluster-target.ts'
import type { Host, OptionTable } from '../command.ts'
import { DRY_RUN_OPTION, NODE_OPTIONS, OUTPUT_OPTION, tell } from '../options.ts'
import { POLICY_OPTIONS, readAuthorities } from './options.ts'

function textOption(flag: string, longest: number) {
  return (value: unknown): string => {
    const text = String(value)
    if (text.trim() !== '' && text.length <= longest && !/[\p{Cc}\p{Cf}]/u.test(text)) return text
    throw new PkiError('USAGE', `--${flag} wants text of at most ${longest} characters in one line`)
  }
}

export const DECISION_OPTIONS = {
  reason: {
    type: 'string',
    coerce: textOption('reason', 200),
    describe: 'Of the condition, a word for programs (default: KubepkiApprove, KubepkiDeny)',
  },
  message: {
    type: 'string',
    coerce: textOption('message', 1000),
    describe: 'Of the condition, for people',
  },
  yes: { alias: 'y', type: 'boolean', default: false, describe: 'Do it without asking' },
  'dry-run': DRY_RUN_OPTION,
  ...POLICY_OPTIONS,
  output: OUTPUT_OPTION,
  ...CLUSTER_OPTIONS,
  now: NODE_OPTIONS.now,
} as const satisfies OptionTable

interface DecisionArguments {
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly yes: boolean
  readonly 'dry-run': boolean
  readonly policy?: Policy | undefined
  readonly nodes?: string | undefined
  readonly 'ask-kubelets': boolean
  readonly 'ca-cert'?: string | undefined
  readonly now?: Date | undefined
  readonly output: 'text' | 'json' | 'yaml'
}

export function decideOptions(
  verb: DecideOptions['verb'],
  args: DecisionArguments,
  host: Host,
): DecideOptions {
  return {
    verb,
    ...{ reason: args.reason, message: args.message, policy: args.policy, dryRun: args['dry-run'] },
    given: args.nodes === undefined ? undefined : readFleet(args.nodes),
    asksKubelets: args['ask-kubelets'],
    authorities: readAuthorities(args['ca-cert']),
    now: () => args.now ?? host.now(),
    confirm: plan => isConfirmed(plan, { verb, isAsked: !args.yes && !args['dry-run'] }, host),
    onWarning: message => tell.warning(host, message),
    onDecision: item => {
      if (args.output === 'text') host.stdout(renderDecision(item, { dryRun: args['dry-run'] }))
    },
    interruption: host.interruption,
  }
}

interface Question {
  readonly verb: DecideOptions['verb']
  readonly isAsked: boolean
}

/** What is about to be done is on the terminal first, wherever stdout goes. */
async function isConfirmed(
  plan: readonly PlannedDecision[],
  { verb, isAsked }: Question,
  host: Host,
): Promise<boolean> {
  const text = renderPlan(plan, host.terminal?.())
  if (text !== '') host.stderr(`${text}\n`)
  const count = plan.filter(({ condition }) => condition).length
  if (!isAsked || count === 0) return true
  const what = count === 1 ? 'this request' : `these ${count} requests`
  const answer = await host.ask?.(`${verb === 'approve' ? 'Approve' : 'Deny'} ${what}? [y/N] `)
  if (answer !== undefined) return /^y(es)?$/i.test(answer.trim())
  throw new PkiError('USAGE', 'wanted a yes, and there is no terminal to ask at: nothing was changed', {
    hint: `--yes ${verb === 'approve' ? 'approves' : 'denies'} without asking, --dry-run shows what would be done`,
  })
}

/** As text each decision has been told when it was made. */
export function finishDecisions(
  result: CsrDecisionResult,
  { output }: Pick<DecisionArguments, 'output'>,
  host: Host,
): ExitCode {
  if (output !== 'text') host.stdout(CSR_DECISION_FORMATS[output](result))
  if (result.items.length !== 1) tell.note(host, summaryOfDecisions(result))
  if (result.dryRun) tell.note(host, 'nothing was changed: this is the plan')
  return exitCodeOf(result.items)
}

const NOT_DONE: ReadonlySet<CsrDecision['outcome']> = new Set(['refused', 'left', 'gone'])

function exitCodeOf(items: readonly CsrDecision[]): ExitCode {
  if (items.some(({ outcome }) => outcome === 'failed')) return EXIT.failed
  return items.some(({ outcome }) => NOT_DONE.has(outcome)) ? EXIT.findings : EXIT.done
}
