/** Rights that were just given: an API server has them once it has seen the objects, which is later than it took them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { expect } from 'vitest'
import type { Ran } from './kubeadm.ts'
import { tempDir } from './node.ts'

export interface Right {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly name?: string
}

interface Role {
  readonly kind: string
  readonly rules: readonly {
    readonly verbs: readonly string[]
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly resourceNames?: readonly string[]
  }[]
}

/** Every one that the roles of a manifest give. */
export function rightsIn(manifest: string): Right[] {
  const roles = (loadAll(manifest) as (Role | null)[]).filter(one => one?.kind === 'ClusterRole') as Role[]
  return roles.flatMap(({ rules }) =>
    rules.flatMap(({ verbs, apiGroups, resources, resourceNames = [''] }) =>
      verbs.flatMap(verb =>
        apiGroups.flatMap(group =>
          resources.flatMap(full => resourceNames.map(name => ({ verb, group, ...resourceOf(full), name }))),
        ),
      ),
    ),
  )
}

function resourceOf(full: string): Pick<Right, 'resource' | 'subresource'> {
  const [resource = '', subresource] = full.split('/')
  return { resource, ...(subresource !== undefined && { subresource }) }
}

/**
 * Until the API server itself says that the user has them all. Not by `kubectl auth can-i`, which leaves out the group of
 * what is no resource: signers.
 */
export async function expectRights(
  as: (...args: string[]) => Promise<Ran>,
  rights: readonly Right[],
): Promise<void> {
  expect(rights).not.toEqual([])
  const directory = tempDir()
  for (const [index, resourceAttributes] of rights.entries()) {
    const file = join(directory, `${index}.json`)
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' }
    writeFileSync(file, JSON.stringify({ ...review, spec: { resourceAttributes } }))
    const isAllowed = async () => {
      const { stdout, stderr } = await as('create', '-f', file, '--output=jsonpath={.status.allowed}')
      return `${stdout}${stderr}`
    }
    await expect
      .poll(isAllowed, { timeout: 60_000, interval: 200, message: JSON.stringify(resourceAttributes) })
      .toBe('true')
  }
}
