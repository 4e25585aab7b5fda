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
