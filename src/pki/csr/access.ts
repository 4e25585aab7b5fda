/** What a job asks of the API server, as RBAC has it: questions, and the objects that answer them with yes. Pure. */
import { named } from '../../foreign-text.ts'
import { MACHINE_API_VERSION } from '../../kubernetes/machine-object.ts'
import { encodeYaml } from '../../kubernetes/yaml.ts'
import type { Policy } from './policy.ts'

export interface AccessQuestion {
  readonly verb: string
  /** Empty: the core group. */
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  /** Empty or absent: any. */
  readonly name?: string
}

const CERTIFICATES_GROUP = 'certificates.k8s.io'
export const REQUESTS_RESOURCE = 'certificatesigningrequests'

export function onRequests(verb: string, subresource?: string): AccessQuestion {
  const base = { verb, group: CERTIFICATES_GROUP, resource: REQUESTS_RESOURCE }
  return subresource === undefined ? base : { ...base, subresource }
}

/** `verb`: approve or sign. */
export function onSigner(verb: string, signerName: string): AccessQuestion {
  return { verb, group: CERTIFICATES_GROUP, resource: 'signers', name: signerName }
}

export const LIST_NODES: AccessQuestion = { verb: 'list', group: '', resource: 'nodes' }

export const LIST_MACHINES: AccessQuestion = {
  verb: 'list',
  group: MACHINE_API_VERSION.split('/')[0] ?? '',
  resource: 'machines',
}

/** What deciding takes beside reading; of requests that nobody has seen yet, by what the policy is for. */
export function accessToDecide(policy: Policy | undefined): readonly AccessQuestion[] {
  const signers = policy?.parts.map(({ signerName }) => onSigner('approve', signerName)) ?? []
  const machines = policy?.machines ? [LIST_MACHINES] : []
  return [LIST_NODES, ...machines, onRequests('update', 'approval'), ...signers]
}

/** Any of these does: the admission plug-ins ask for the signer by name, then for all of its domain. */
export function alternativesOf(question: AccessQuestion): readonly AccessQuestion[] {
  if (question.resource !== 'signers' || question.name === undefined) return [question]
  return [question, { ...question, name: `${question.name.split('/')[0]}/*` }]
}

/** `update certificatesigningrequests/approval`, `approve signers "kubernetes.io/kubelet-serving"`. */
export function describeAccess({ verb, name, ...question }: AccessQuestion): string {
  const what = `${verb} ${resourceOf(question)}`
  return name === undefined || name === '' ? what : `${what} "${named(name)}"`
}

function resourceOf({ resource, subresource }: Pick<AccessQuestion, 'resource' | 'subresource'>): string {
  return subresource === undefined ? resource : `${resource}/${subresource}`
}

/** YAML for `kubectl apply -f -`: a role for each, so that applying one never takes another away. */
export function accessManifest(questions: readonly AccessQuestion[], user: string): string {
  const objects = questions.flatMap(question => [roleFor(question), bindingFor(question, user)])
  return objects.map(object => `---\n${encodeYaml(object)}`).join('')
}

const RBAC_GROUP = 'rbac.authorization.k8s.io'

function roleFor(question: AccessQuestion): object {
  const { verb, group, name } = question
  const rule = { apiGroups: [group], resources: [resourceOf(question)], verbs: [verb] }
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: { name: roleName(question) },
    rules: [name === undefined || name === '' ? rule : { ...rule, resourceNames: [name] }],
  }
}

function bindingFor(question: AccessQuestion, user: string): object {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: pathSegment(`${roleName(question)}:${user}`) },
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: roleName(question) },
    subjects: [subjectOf(user)],
  }
}

function roleName(question: AccessQuestion): string {
  const { verb, name = '' } = question
  return pathSegment(['kubepki', verb, resourceOf(question), name].filter(part => part !== '').join(':'))
}

/** What RBAC takes for a name: neither / nor %, and not `.` or `..`. */
function pathSegment(text: string): string {
  return text.replace(/[/%]/g, '.').replaceAll('*', 'all')
}

function subjectOf(user: string): object {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? []
  if (namespace !== undefined) return { kind: 'ServiceAccount', name, namespace }
  return { apiGroup: RBAC_GROUP, kind: 'User', name: user }
}
