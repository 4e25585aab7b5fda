/** Changes of a CertificateSigningRequest, each through each door, legal or not. */

/** What is put into a new object first, by subresource. */
export type TransitionBase = Readonly<Partial<Record<'approval' | 'status', object>>>

/** As the server gave it, as far as it is changed. */
interface Given {
  readonly spec: object
  readonly status: { readonly conditions?: readonly { readonly type: string }[] }
}

export interface TransitionCase {
  readonly what: string
  readonly base: string
  readonly subresource: 'approval' | 'status' | undefined
  readonly change: (before: Given) => object
}

const condition = (type: string, reason = 'Test') => ({
  type,
  status: 'True',
  reason,
  message: 'by the test',
})
const withStatus = (before: Given, status: object) => ({ ...before, status: { ...before.status, ...status } })
const conditionsOf = (before: Given) => before.status.conditions ?? []
const adding = (type: string) => (before: Given) =>
  withStatus(before, { conditions: [...conditionsOf(before), condition(type)] })
const without = (type: string) => (before: Given) =>
  withStatus(before, { conditions: conditionsOf(before).filter(one => one.type !== type) })
const saying = (type: string) => (before: Given) =>
  withStatus(before, {
    conditions: conditionsOf(before).map(one => (one.type === type ? { ...one, reason: 'Other' } : one)),
  })
const spec = (part: object) => (before: Given) => ({ ...before, spec: { ...before.spec, ...part } })

/** `certificate`: PEM of one. */
export function transitionCases(certificate: string): {
  readonly bases: Readonly<Record<string, TransitionBase>>
  readonly changes: readonly TransitionCase[]
} {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const conditions = (...types: readonly string[]) => ({ conditions: types.map(type => condition(type)) })
  const issued = { certificate: base64(certificate) }
  const bases = {
    pending: {},
    approved: { approval: conditions('Approved') },
    denied: { approval: conditions('Denied') },
    failed: { status: conditions('Failed', 'Custom') },
    issued: { approval: conditions('Approved'), status: issued },
  }
  const changes: Readonly<Record<string, (before: Given) => object>> = {
    'nothing at all': before => before,
    'other usages': spec({ usages: ['server auth'] }),
    'another signer': spec({ signerName: 'example.com/other' }),
    'another user': spec({ username: 'root', groups: ['system:masters'] }),
    ...Object.fromEntries(
      ['Approved', 'Denied', 'Failed', 'Custom'].flatMap(type => [
        [`+${type}`, adding(type)],
        [`-${type}`, without(type)],
        [`another reason of ${type}`, saying(type)],
      ]),
    ),
    'a certificate': before => withStatus(before, issued),
    'another certificate': before => withStatus(before, { certificate: base64(certificate + certificate) }),
    'no certificate': before => withStatus(before, { certificate: undefined }),
  }
  const doors = [undefined, 'approval', 'status'] as const
  return {
    bases,
    changes: Object.keys(bases).flatMap(base =>
      Object.entries(changes)
        .filter(([what]) => isMeant(what, conditionTypes(bases[base as keyof typeof bases])))
        .flatMap(([what, change]) =>
          doors.map(subresource => ({
            what: `${base}: ${what} through ${subresource ?? 'the object'}`,
            ...{ base, subresource, change },
          })),
        ),
    ),
  }
}

function conditionTypes(base: TransitionBase): readonly string[] {
  return Object.values(base).flatMap(part =>
    ((part as { conditions?: readonly { type: string }[] }).conditions ?? []).map(({ type }) => type),
  )
}

/** A condition is added where there is none of its type, and changed or removed where there is one. */
function isMeant(what: string, types: readonly string[]): boolean {
  const [, type = ''] = /(Approved|Denied|Failed|Custom)$/.exec(what) ?? []
  return type === '' || types.includes(type) !== what.startsWith('+')
}
