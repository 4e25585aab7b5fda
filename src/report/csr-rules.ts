/** The rules of a policy: tables for people, data for programs. */
import type { ParameterText, RuleList } from '../pki/csr/rule-list.ts'
import { API_VERSION, renderJson, renderYaml } from './structured.ts'
import { renderTable } from './table.ts'

const short = (signerName: string) => signerName.slice(signerName.indexOf('/') + 1)

function renderText({ signers, rules, parameters }: RuleList): string {
  const columns = signers.map(short)
  const ruleRows = rules.map(({ code, levels, onFailure, wants }) => [
    ...[code, ...signers.map(signer => levels[signer] ?? '')],
    ...[onFailure, wants],
  ])
  const parameterRows = Object.entries(parameters).map(([name, values]) => [
    name,
    ...signers.map(signer => textOf(values[signer])),
  ])
  const ruleTable = renderTable([['RULE', ...columns, 'ELSE', 'WHAT IS WANTED'], ...ruleRows])
  return `${ruleTable}\n${renderTable([['PARAMETER', ...columns], ...parameterRows])}`
}

function textOf(value: ParameterText | undefined): string {
  if (!Array.isArray(value)) return String(value)
  return value.length === 0 ? 'none' : value.join(', ')
}

const document = ({ rules, ...list }: RuleList) => ({
  kind: 'CsrRuleList',
  apiVersion: API_VERSION,
  ...list,
  rules: rules.map(({ code, levels, onFailure, wants }) => ({ code, levels, onFailure, wants })),
})

export const CSR_RULE_FORMATS = {
  text: renderText,
  json: (list: RuleList) => renderJson(document(list)),
  yaml: (list: RuleList) => renderYaml(document(list)),
} as const satisfies Record<string, (list: RuleList) => string>
