/** What whoever asks may do, by the API server's own word. */
import { PkiError } from '../errors.ts'
import { withoutSecrets } from '../foreign-text.ts'
import { mappingAt, stringAt } from '../kubernetes/yaml.ts'
import { type AccessQuestion, alternativesOf } from '../pki/csr/access.ts'
import type { Client } from './client.ts'
import { accessFailure, callerOf } from './failures.ts'

async function isAllowed(
  client: Client,
  { verb, group, resource, subresource, name }: AccessQuestion,
): Promise<boolean> {
  const resourceAttributes = { verb, group, resource, subresource, name }
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  }
  const question = { verb: 'create', group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' }
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const review = await client.call({ method: 'POST', path, body, question })
  const { allowed } = mappingAt(review, 'status')
  if (typeof allowed === 'boolean') return allowed
  const server = withoutSecrets(client.target.context.server)
  throw new PkiError(
    'CLUSTER_REFUSED',
    `${server}: wanted an answer to a SelfSubjectAccessReview, found none`,
  )
}

/** Undefined: none is missing. */
export async function missingAccess(
  client: Client,
  questions: readonly AccessQuestion[],
): Promise<PkiError | undefined> {
  const missing: AccessQuestion[] = []
  for (const question of questions) if (!(await isAnyAllowed(client, question))) missing.push(question)
  if (missing.length === 0) return undefined
  const access = await client.access()
  const user = (await whoAmI(client)) ?? callerOf(access)
  return accessFailure(missing, { target: client.target, access, user })
}

async function isAnyAllowed(client: Client, question: AccessQuestion): Promise<boolean> {
  for (const one of alternativesOf(question)) if (await isAllowed(client, one)) return true
  return false
}

/** Kubernetes 1.28 and later say it; undefined: this one does not. */
async function whoAmI(client: Client): Promise<string | undefined> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const question = { verb: 'create', group: 'authentication.k8s.io', resource: 'selfsubjectreviews' }
  try {
    const review = await client.call({
      ...{ method: 'POST', body, question },
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    })
    return stringAt(mappingAt(mappingAt(review, 'status'), 'userInfo'), 'username')
  } catch {
    return undefined
  }
}
