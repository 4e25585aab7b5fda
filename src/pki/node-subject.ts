/** Whose the kubelet's own serving certificate becomes when the cluster is asked for it: the node's. Pure. */
import { isSubdomain } from '../dns-name.ts'
import type { Certificate } from '../x509/certificate.ts'
import { identityOf } from '../x509/subject.ts'
import { decideClusterFacts } from './cluster-facts.ts'
import { askedParts, NODES } from './csr/asked.ts'
import { NODE_PREFIX } from './csr/signer-name.ts'
import { nodeNameOfCertificates } from './discovered-facts.ts'
import type { Refusal } from './renewal-key.ts'
import type { NewSubject } from './renewal-step.ts'
import { type Entry, entryNamed, type Snapshot } from './snapshot.ts'

export interface NodeSubject {
  /** Absent: the old certificate's. */
  readonly subject?: NewSubject
  readonly warnings: readonly string[]
}

const ROTATED = 'kubelet-server-current.pem'

export function nodeSubject(snapshot: Snapshot, entry: Entry, old: Certificate): NodeSubject | Refusal {
  if (entry.requestedOf === undefined) return { warnings: [] }
  const isRotated = entryNamed(snapshot, ROTATED)?.certificate.state !== 'missing'
  const warnings = isRotated
    ? [`${ROTATED} is there too: with serverTLSBootstrap the kubelet serves that one and not ${entry.name}`]
    : []
  const host = hostOfKubelets(old)
  if (host === undefined) return { warnings }
  const node = nodeName(snapshot, host)
  if (node === undefined)
    return {
      reason: 'NAMES_UNUSABLE',
      message: `nothing says what its node is called: wanted a client certificate of ${NODE_PREFIX}NAME in kubelet.conf, found none`,
      hint: 'name it in --config FILE: nodeRegistration.name of an InitConfiguration',
    }
  const { subject: der } = askedParts({ kind: 'node-serving', node, names: [] })
  return { subject: { der, text: `CN=${NODE_PREFIX}${node},O=${NODES}` }, warnings }
}

/** Of a certificate that a kubelet made for itself, signed by a CA that it forgot: `worker-1@1795219200`. */
function hostOfKubelets(certificate: Certificate): string | undefined {
  const [, host, authority] =
    /^CN=(.+)@\d+\nCN=(.+)-ca@\d+$/.exec(`${certificate.subject}\n${certificate.issuer}`) ?? []
  return host === authority ? host : undefined
}

/** As the API server knows it; else the name of the host, which most nodes have. */
function nodeName(snapshot: Snapshot, host: string): string | undefined {
  const { nodeName: said } = decideClusterFacts(snapshot)
  const name = (nodeNameOfCertificates(snapshot) ?? said)?.value ?? host
  return isSubdomain(name) ? name : undefined
}

/** The signer of kubelets takes no other. */
export function isNodes(certificate: Certificate): boolean {
  const { commonName, organizations } = identityOf(certificate)
  return commonName.startsWith(NODE_PREFIX) && organizations.join('\n') === NODES
}
