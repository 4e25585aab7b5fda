/** Whoever lacks a right for a job is told at once of all that it takes. */
import type { ClusterApi } from '../cluster/api.ts'
import { PkiError } from '../errors.ts'
import type { AccessQuestion } from '../pki/csr/access.ts'

/** `questions`: what the job takes, as far as it is known beforehand. Who is no person is given no rights. */
export async function withAccess<T>(
  api: ClusterApi,
  questions: readonly AccessQuestion[],
  job: () => Promise<T>,
): Promise<T> {
  try {
    return await job()
  } catch (error) {
    const isMissing = error instanceof PkiError && error.code === 'FORBIDDEN' && error.manifest !== undefined
    throw (isMissing && (await api.missingAccess(questions).catch(() => undefined))) || error
  }
}

/** The access review is refused, not known, or answered with something else. */
const UNANSWERED: ReadonlySet<string> = new Set(['FORBIDDEN', 'NOT_FOUND', 'CLUSTER_REFUSED'])

/** Throws for all that is missing; where the server does not say, the job itself finds out. */
export async function checkBeforehand(api: ClusterApi, questions: readonly AccessQuestion[]): Promise<void> {
  const missing = await api.missingAccess(questions).catch((error: unknown) => {
    if (error instanceof PkiError && UNANSWERED.has(error.code)) return undefined
    throw error
  })
  if (missing) throw missing
}
