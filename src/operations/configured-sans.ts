import { PkiError } from '../errors.ts'
import { CERTIFICATES, type CertificateSpec } from '../inventory/catalog.ts'
import { subjectAltNamesFor } from '../inventory/profile.ts'
import { decideClusterFacts, factValues, type MissingFact, missingFacts } from '../pki/cluster-facts.ts'
import type { Snapshot } from '../pki/snapshot.ts'
import type { SubjectAltName } from '../x509/subject-alt-name.ts'

const SPECS: readonly CertificateSpec[] = CERTIFICATES

/** The names that kubeadm would make from the configuration, by row. Throws for what neither the configuration nor the node says. */
export function configuredSans(snapshot: Snapshot): Map<string, readonly SubjectAltName[]> {
  const { value, source } = snapshot.configuration ?? {}
  if (value?.etcd === undefined) {
    throw new PkiError(
      'CONFIG_INVALID',
      `${source ?? 'no --config'}: --sans-from-config needs a ClusterConfiguration`,
      {
        hint: "kubectl -n kube-system get configmap kubeadm-config -o jsonpath='{.data.ClusterConfiguration}'",
      },
    )
  }
  const facts = decideClusterFacts(snapshot)
  const missing = missingFacts(facts, ['nodeName', 'advertiseAddress'])
  if (missing.length > 0) throw notSaid(source ?? '', missing)
  const values = factValues(facts)
  return new Map(
    SPECS.flatMap(({ name, subjectAltName }) =>
      subjectAltName ? [[name, subjectAltNamesFor(subjectAltName, values)]] : [],
    ),
  )
}

function notSaid(source: string, missing: readonly MissingFact[]): PkiError {
  const fields = missing.map(({ field }) => field).join(' and ')
  return new PkiError('CONFIG_INVALID', `${source}: ${fields} is not said, neither there nor on the node`, {
    hint: `add a document of kind InitConfiguration with ${fields}`,
  })
}
