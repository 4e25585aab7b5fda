/** What a policy looks at, for whoever writes one: rules with their levels, and parameters as a file says them. Pure. */
import type { Cidr } from '../../ip-address.ts'
import { humanDuration } from '../../kubernetes/duration.ts'
import type { Pattern } from '../../linear-pattern.ts'
import { API_RULES } from './api-rules.ts'
import { levelOf, type Policy, RULES } from './policy.ts'
import { PARAMETERS, type PolicyParameters } from './policy-parameters.ts'
import type { Level, Rule } from './rule.ts'
import { SIGNER_RULES } from './signer-rules.ts'

export interface ListedRule {
  readonly code: string
  /** By signer. `always`: of the API server or the signer, whatever the policy. */
  readonly levels: Readonly<Record<string, Level | 'always'>>
  readonly onFailure: Rule['onFailure']
  readonly wants: string
}

export interface RuleList {
  readonly policy: string
  readonly neverDeny: boolean
  readonly machines: boolean
  readonly signers: readonly string[]
  readonly rules: readonly ListedRule[]
  /** By name, then by signer. */
  readonly parameters: Readonly<Record<string, Readonly<Record<string, ParameterText>>>>
}

/** As a policy file has it; `any`, `none`: it has nothing. */
export type ParameterText = string | number | boolean | readonly string[]

export function rulesOf({ name, neverDeny, machines, parts }: Policy): RuleList {
  const outcomeOf = ({ onFailure }: Pick<Rule, 'onFailure'>) => (neverDeny ? 'leave' : onFailure)
  const bySigner = <T>(value: (part: (typeof parts)[number]) => T) =>
    Object.fromEntries(parts.map(part => [part.signerName, value(part)]))
  const fixed = [...API_RULES, ...SIGNER_RULES].map(rule => ({
    ...{ code: rule.code, levels: bySigner(() => 'always' as const) },
    ...{ onFailure: outcomeOf(rule), wants: rule.wants },
  }))
  const own = RULES.map(rule => ({
    ...{ code: rule.code, levels: bySigner(part => levelOf(part, rule)) },
    ...{ onFailure: outcomeOf(rule), wants: rule.wants },
  }))
  const keys = Object.keys(PARAMETERS) as (keyof PolicyParameters)[]
  return {
    ...{ policy: name, neverDeny, machines, signers: parts.map(({ signerName }) => signerName) },
    rules: [...fixed, ...own],
    parameters: Object.fromEntries(
      keys.map(key => [key, bySigner(({ parameters }) => parameterText(key, parameters[key]))]),
    ),
  }
}

const DURATIONS: readonly string[] = ['maxExpiration', 'window'] satisfies (keyof PolicyParameters)[]

function parameterText(key: string, value: unknown): ParameterText {
  if (value === undefined) return 'none'
  if (value === Number.POSITIVE_INFINITY) return 'any'
  if (DURATIONS.includes(key)) return humanDuration(Number(value) / 1000)
  if (Array.isArray(value)) return value.map(one => (typeof one === 'string' ? one : cidrText(one as Cidr)))
  return typeof value === 'object' ? (value as Pattern).source : (value as number | boolean)
}

function cidrText({ address, prefix }: Cidr): string {
  return prefix === address.bytes.length * 8 ? address.text : `${address.text}/${prefix}`
}
