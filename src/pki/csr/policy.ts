/** How requests for nodes' certificates are judged: levels for rules, and what those are told. Built-in, or from a file. */
import { named, shown } from '../../foreign-text.ts'
import { isMapping, type Mapping, mappingAt, parseYaml } from '../../kubernetes/yaml.ts'
import { nearest } from '../../nearest.ts'
import { DEFAULT_PARAMETERS, PARAMETERS, type PolicyParameters } from './policy-parameters.ts'
import { FORM_RULES } from './policy-rules-form.ts'
import { IDENTITY_RULES, NODE_GROUPS, type PolicyRule } from './policy-rules-identity.ts'
import { KEY_RULES } from './policy-rules-key.ts'
import { NAME_RULES } from './policy-rules-names.ts'
import { SERVED_RULES } from './policy-rules-served.ts'
import { LEVELS, type Level } from './rule.ts'
import { KUBELET_CLIENT, KUBELET_SERVING } from './signer-name.ts'

export const RULES: readonly PolicyRule[] = [
  ...FORM_RULES,
  ...IDENTITY_RULES,
  ...NAME_RULES,
  ...SERVED_RULES,
  ...KEY_RULES,
]

/** Of one signer. */
export interface PolicyPart {
  readonly signerName: string
  /** By code; a rule that is not here has its own level. */
  readonly levels: Readonly<Record<string, Level>>
  readonly parameters: PolicyParameters
}

export interface Policy {
  readonly name: string
  readonly parts: readonly PolicyPart[]
  /** What would be denied is left. */
  readonly neverDeny: boolean
  /** A cluster is asked for its Machines. */
  readonly machines: boolean
}

export function levelOf({ levels }: PolicyPart, { code, level = 'must' }: PolicyRule): Level {
  return levels[code] ?? level
}

const client: PolicyPart = {
  signerName: KUBELET_CLIENT,
  // A bootstrap token is for machines that are no node yet: with that of a node it becomes the node.
  levels: { NODE_NEW: 'must' },
  parameters: { ...DEFAULT_PARAMETERS, allowedRequesters: ['system:bootstrap:*', 'system:node:*'] },
}

const serving: PolicyPart = {
  signerName: KUBELET_SERVING,
  levels: {},
  parameters: { ...DEFAULT_PARAMETERS, requesterGroups: NODE_GROUPS },
}

const OPENSHIFT_NAMESPACE = 'openshift-machine-config-operator'
const TWO_HOURS = 2 * 3_600_000

const openshiftClient: PolicyPart = {
  signerName: KUBELET_CLIENT,
  levels: { NODE_NEW: 'must' },
  parameters: {
    ...DEFAULT_PARAMETERS,
    allowedRequesters: [`system:serviceaccount:${OPENSHIFT_NAMESPACE}:node-bootstrapper`, 'system:node:*'],
    requesterGroups: [
      `system:serviceaccounts:${OPENSHIFT_NAMESPACE}`,
      'system:serviceaccounts',
      'system:authenticated',
    ],
    exactGroups: true,
    window: TWO_HOURS,
  },
}

const builtIn = (name: string, ...parts: readonly PolicyPart[]): Policy => ({
  ...{ name, parts },
  neverDeny: false,
  machines: false,
})

export const POLICIES: Readonly<Record<string, Policy>> = {
  'kubelet-client': builtIn('kubelet-client', client),
  'kubelet-serving': builtIn('kubelet-serving', serving),
  kubelet: builtIn('kubelet', client, serving),
  // Never denies, as the machine approver of OpenShift.
  'openshift-node': {
    ...builtIn('openshift-node', openshiftClient, serving),
    neverDeny: true,
    machines: true,
  },
}

export interface Problem {
  readonly problem: string
}

const KEYS = ['apiVersion', 'kind', 'name', 'extends', 'neverDeny', 'machines', 'rules', 'parameters']
const FLAGS = ['neverDeny', 'machines'] as const
const [API_VERSION, KIND] = ['kubepki/v1', 'CsrPolicy']

/** A policy file: what is not said in it is as in the built-in policy that it extends. Nothing unknown is passed over. */
export function parsePolicy(text: string): Policy | Problem {
  const parsed = parseYaml(text, { isStrict: true })
  if ('reason' in parsed) return { problem: `not YAML: ${parsed.found ?? 'unreadable'}` }
  const [document, ...others] = parsed.documents
  if (others.length > 0 || !isMapping(document))
    return { problem: `wanted one ${KIND}, found ${kindOf(parsed.documents)}` }
  const problem = headProblem(document)
  return problem === undefined ? extended(document) : { problem }
}

function kindOf(documents: readonly unknown[]): string {
  if (documents.length > 1) return `${documents.length} documents`
  const [document] = documents
  return document === undefined || document === null
    ? 'nothing'
    : Array.isArray(document)
      ? 'a list'
      : shown(String(document))
}

function headProblem(document: Mapping): string | undefined {
  const unknown = Object.keys(document).find(key => !KEYS.includes(key))
  if (unknown !== undefined) return unknownWord('key', unknown, KEYS)
  const { apiVersion, kind, name } = document
  if (apiVersion !== API_VERSION || kind !== KIND)
    return `wanted apiVersion: ${API_VERSION} and kind: ${KIND}, found ${named(String(apiVersion))}, ${named(String(kind))}`
  if (name !== undefined && typeof name !== 'string') return 'name: wanted text'
  const flag = FLAGS.find(key => document[key] !== undefined && typeof document[key] !== 'boolean')
  if (flag !== undefined) return `${flag}: wanted true or false`
  const odd = ['rules', 'parameters'].find(
    key => document[key] !== undefined && document[key] !== null && !isMapping(document[key]),
  )
  return odd && `${odd}: wanted names with values`
}

function unknownWord(what: string, word: string, known: readonly string[]): string {
  const meant = nearest(word, known) ?? known.find(one => one.toLowerCase() === word.toLowerCase())
  const hint = meant === undefined ? `; known: ${known.join(', ')}` : `; did you mean ${meant}?`
  return `unknown ${what} ${shown(word)}${hint}`
}

function extended(document: Mapping): Policy | Problem {
  const base = String(document.extends ?? '')
  const policy = Object.hasOwn(POLICIES, base) ? POLICIES[base] : undefined
  if (!policy)
    return {
      problem:
        base === ''
          ? `extends is missing: one of ${Object.keys(POLICIES).join(', ')}`
          : unknownWord('policy in extends:', base, Object.keys(POLICIES)),
    }
  const levels = levelsIn(mappingAt(document, 'rules'))
  if ('problem' in levels) return levels
  const parameters = parametersIn(mappingAt(document, 'parameters'))
  if ('problem' in parameters) return parameters
  return {
    name: typeof document.name === 'string' ? document.name : base,
    neverDeny: document.neverDeny === undefined ? policy.neverDeny : document.neverDeny === true,
    machines: document.machines === undefined ? policy.machines : document.machines === true,
    parts: policy.parts.map(part => ({
      ...part,
      levels: { ...part.levels, ...levels.levels },
      parameters: { ...part.parameters, ...parameters.parameters },
    })),
  }
}

function levelsIn(rules: Mapping): { readonly levels: Readonly<Record<string, Level>> } | Problem {
  const codes = RULES.map(({ code }) => code)
  for (const [code, level] of Object.entries(rules)) {
    if (!codes.includes(code)) return { problem: `rules: ${unknownWord('rule', code, codes)}` }
    if (!LEVELS.some(one => one === level))
      return { problem: `rules.${code}: ${unknownWord('level', String(level), LEVELS)}` }
  }
  return { levels: rules as Readonly<Record<string, Level>> }
}

function parametersIn(given: Mapping): { readonly parameters: Partial<PolicyParameters> } | Problem {
  const read: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(PARAMETERS, key))
      return { problem: `parameters: ${unknownWord('parameter', key, Object.keys(PARAMETERS))}` }
    const result = PARAMETERS[key as keyof PolicyParameters](value)
    if ('wanted' in result) return { problem: `parameters.${key}: wanted ${result.wanted}` }
    read[key] = result.value
  }
  return { parameters: read as Partial<PolicyParameters> }
}
