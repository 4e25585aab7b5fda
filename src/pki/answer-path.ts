/** From an answer up to the CA that the cluster trusts, proved by signatures, by way of what came along. Pure. */
import { type Certificate, isSameCertificate, isSignedBy } from '../x509/certificate.ts'
import { pathAbove } from './certification-path.ts'

export interface AnswerPath {
  /** `foreign`: it leads to another CA; `broken`: nobody knows where it leads. */
  readonly state: 'trusted' | 'foreign' | 'broken'
  readonly wanted: string
  readonly found: string
  /** Between the answer and the CA: what has to stand behind it in its file. */
  readonly intermediates: readonly Certificate[]
  readonly anchor: Certificate | undefined
}

export interface PathFacts {
  /** All of the CA's file: any of them is trusted. */
  readonly anchors: readonly [Certificate, ...Certificate[]]
  /** CA certificates that came along. */
  readonly others: readonly Certificate[]
  /** CAs of this node with other tasks: name -> certificates. */
  readonly strangers: ReadonlyMap<string, readonly Certificate[]>
}

export function answerPath(certificate: Certificate, { anchors, others, strangers }: PathFacts): AnswerPath {
  const wanted = `that of ${describe(anchors[0])}`
  const [best] = trustedPaths(certificate, anchors, others).toSorted((a, b) => endOf(b) - endOf(a))
  if (best) {
    return {
      ...{ state: 'trusted', wanted, found: wanted },
      ...{ intermediates: best.slice(0, -1), anchor: best.at(-1) },
    }
  }
  const path = pathAbove(certificate, [...anchors, ...others])
  const top = path.at(-1) ?? certificate
  const broken = { wanted, intermediates: path, anchor: undefined }
  const stranger = [...strangers].find(([, all]) => all.some(one => isSignedBy(top, one)))
  if (stranger) return { ...broken, state: 'foreign', found: `that of ${stranger[0]}` }
  if (anchors.some(({ subject }) => subject === top.issuer))
    return { ...broken, state: 'foreign', found: `that of another key with the name ${top.issuer}` }
  return top.issuer === top.subject
    ? { ...broken, state: 'foreign', found: path.length === 0 ? 'its own' : `that of ${describe(top)}` }
    : {
        ...broken,
        state: 'broken',
        found: `that of ${top.issuer}, whose certificate is neither here nor came along`,
      }
}

/** Bounds for hostile files: no real path is longer, and no answer has so many namesakes above it. */
const LONGEST_PATH = 10
const MOST_CHECKS = 512

/** Every way up to an anchor: a CA may have been signed by two, or renewed with its key. */
function trustedPaths(
  certificate: Certificate,
  anchors: readonly Certificate[],
  others: readonly Certificate[],
): Certificate[][] {
  const known = [...anchors, ...others]
  const paths: Certificate[][] = []
  let checks = 0
  const climb = (below: Certificate, path: readonly Certificate[]) => {
    for (const one of known) {
      const isNew = ![certificate, ...path].some(seen => isSameCertificate(seen, one))
      if (!isNew || one.subject !== below.issuer || path.length >= LONGEST_PATH) continue
      if (++checks > MOST_CHECKS || !isSignedBy(below, one)) continue
      if (anchors.some(anchor => isSameCertificate(anchor, one))) paths.push([...path, one])
      else climb(one, [...path, one])
    }
  }
  climb(certificate, [])
  return paths
}

function endOf(path: readonly Certificate[]): number {
  return Math.min(...path.map(({ notAfter }) => notAfter.getTime()))
}

function describe({ subject, fingerprintSha256 }: Certificate): string {
  return `${subject} (SHA-256 ${fingerprintSha256.slice(0, 16)}...)`
}
