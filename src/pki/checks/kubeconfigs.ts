/** Kubeconfigs and copies of them: whom they trust, where they go, who they are. */

import type { Certificate } from '../../x509/certificate.ts'
import { identityOf } from '../../x509/subject.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import { type Entry, entryNamed } from '../snapshot.ts'
import type { Check } from './check.ts'
import { SERVER_CHECKS } from './kubeconfig-server.ts'
import { configuredOf, hostOfServer, isOfThisCluster } from './kubeconfig-subjects.ts'
import { TRUST_CHECKS } from './kubeconfig-trust.ts'
import { shownKeys } from './subjects.ts'

const DAY = 86_400_000

const leafOf = ({ certificate }: Entry): Certificate | undefined =>
  certificate.state === 'present' ? certificate.certificates[0] : undefined

function isSameUser(one: Certificate, other: Certificate): boolean {
  const [a, b] = [identityOf(one), identityOf(other)]
  const groups = ({ organizations }: typeof a) => organizations.toSorted().join('\n')
  return a.commonName === b.commonName && groups(a) === groups(b)
}

/** The row that the copy was once made of. Other nodes' may be some hours older. */
function newerThan({ snapshot }: Evidence, copy: Certificate): Entry | undefined {
  return snapshot.entries.find(entry => {
    const leaf = entry.kind === 'kubeconfig' ? leafOf(entry) : undefined
    return leaf && isSameUser(leaf, copy) && leaf.notAfter.getTime() - copy.notAfter.getTime() > DAY
  })
}

const WITHOUT_CERTIFICATE: Readonly<Record<string, string>> = {
  TOKEN_USER: 'a token',
  EXEC_USER: 'a plugin',
}

const GROUP = { group: 'kubeconfigs', needs: ['certificates'] } as const

const USER_CHECKS: readonly Check[] = [
  {
    code: 'KUBECONFIG_COPY_OLD',
    ...GROUP,
    severity: 'warning',
    title: 'a copy of a kubeconfig has an older certificate than the one on this node',
    needs: ['certificates', 'copies'],
    remedy: 'cp /etc/kubernetes/admin.conf COPY',
    find: evidence =>
      evidence.copies.flatMap(entry => {
        const copy = leafOf(entry)
        const newer = copy && newerThan(evidence, copy)
        const leaf = newer && leafOf(newer)
        if (!copy || !leaf) return []
        return {
          ...{ certificate: entry.name, file: entry.file.path },
          expected: `valid until ${instant(leaf.notAfter)}, as ${newer.file.path}`,
          found: `valid until ${instant(copy.notAfter)}`,
          impact: 'it ends before, and no renewal on this node reaches it',
          remedy: `cp ${shellWord(newer.file.path)} ${shellWord(entry.file.path)}`,
        }
      }),
  },
  {
    code: 'KUBECONFIG_OTHER_CLUSTER',
    ...GROUP,
    severity: 'info',
    title: 'a kubeconfig named with --kubeconfig is for another cluster',
    needs: ['certificates', 'copies'],
    remedy: 'look at it on a node of that cluster',
    find: evidence =>
      configuredOf(evidence)
        .filter(one => !isOfThisCluster(evidence, one))
        .map(({ name, file, config, trust }) => ({
          ...{ certificate: name, file },
          expected: 'a server, a user or a CA of this cluster',
          found: [
            hostOfServer(config) ?? 'no server',
            ...(trust?.state === 'present' ? [shownKeys(trust.certificates)] : []),
          ].join(', '),
          impact: 'none here: only its own dates were looked at',
          remedy: 'look at it on a node of that cluster, or with the context of this one as current-context',
        })),
  },
  {
    code: 'KUBECONFIG_USER_UNSEEN',
    ...GROUP,
    severity: 'info',
    title: 'a kubeconfig logs in without a certificate',
    remedy: 'none: its token or plugin has to be looked at elsewhere',
    find: ({ snapshot, copies }) =>
      [...snapshot.entries, ...copies].flatMap(({ name, kind, file, certificate }) => {
        const means = certificate.state === 'invalid' ? WITHOUT_CERTIFICATE[certificate.reason] : undefined
        if (kind !== 'kubeconfig' || means === undefined) return []
        return {
          ...{ certificate: name, file: file.path },
          ...{ expected: 'a user with a client certificate', found: means },
          impact: 'none known: whether it is accepted, and for how long, is not looked at',
          remedy: `kubectl --kubeconfig=${shellWord(file.path)} auth can-i get nodes`,
        }
      }),
  },
  {
    code: 'SUPER_ADMIN_PRESENT',
    ...GROUP,
    severity: 'info',
    title: 'the way past RBAC lies on this node',
    remedy: 'keep super-admin.conf where few can read it, off the node',
    find: ({ snapshot }) => {
      const entry = entryNamed(snapshot, 'super-admin.conf')
      if (!entry || entry.certificate.state === 'missing') return []
      return [
        {
          ...{ certificate: entry.name, file: entry.file.path },
          expected: 'kept off the node: it is for the day when RBAC is broken',
          found: 'it is here, as kubeadm leaves it on the first node',
          impact: 'whoever reads it may do everything, and RBAC cannot take that away',
          remedy: `move ${entry.file.path} to where only those can read it who need it then`,
        },
      ]
    },
  },
]

export const KUBECONFIG_CHECKS: readonly Check[] = [...TRUST_CHECKS, ...SERVER_CHECKS, ...USER_CHECKS]
