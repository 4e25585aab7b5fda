/** Two pairs that lie in each other's place: nothing is lost, and nothing has to be made. */
import { CERTIFICATES, type CertificateSpec } from '../../inventory/catalog.ts'
import { isKeyOf } from '../../x509/key.ts'
import { identityOf } from '../../x509/subject.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { Entry } from '../snapshot.ts'

const SPECS: readonly CertificateSpec[] = CERTIFICATES

/** The name that is in its certificate, and the one that belongs there; undefined where kubeadm gives none of its own. */
function namesOf({ name, kind, certificate }: Entry) {
  const wanted = SPECS.find(spec => spec.name === name)?.commonName
  if (kind !== 'leaf' || certificate.state !== 'present' || !wanted || wanted.startsWith('{'))
    return undefined
  const found = identityOf(certificate.certificates[0]).commonName
  return found === '' ? undefined : { found, wanted }
}

function swappedWith({ snapshot }: Evidence, entry: Entry): Entry | undefined {
  const own = namesOf(entry)
  if (!own || own.found === own.wanted) return undefined
  return snapshot.entries.find(other => {
    const names = namesOf(other)
    return names?.found === own.wanted && names.wanted === own.found
  })
}

/** Said of both of them, and a second run must not swap them again: it looks first. */
export function swappingBack(evidence: Evidence, entry: Entry): string | undefined {
  const other = swappedWith(evidence, entry)
  const foreign = namesOf(entry)?.found
  if (!other || foreign === undefined) return undefined
  const isPair = [entry, other].every(one => hasOwnKey(evidence, one))
  const paths = [[entry.file.path, other.file.path]]
  if (isPair && entry.key && other.key) paths.push([entry.key.path, other.key.path])
  const look = `openssl x509 -noout -subject -nameopt multiline -in ${shellWord(entry.file.path)} | grep -q ${shellWord(`commonName *= ${foreign}$`)}`
  const moves = paths.flatMap(([one = '', two = '']) => {
    const aside = shellWord(`${one}.swapped`)
    return [
      `mv -n ${shellWord(one)} ${aside}`,
      `mv ${shellWord(two)} ${shellWord(one)}`,
      `mv ${aside} ${shellWord(two)}`,
    ]
  })
  const what = isPair ? 'pairs' : 'certificates'
  return `${[look, ...moves].join(' && ')} # the ${what} of ${entry.name} and ${other.name} are swapped: this puts each in the other's place`
}

function hasOwnKey({ keys }: Evidence, { name, certificate }: Entry): boolean {
  const key = keys.get(name)
  return (
    key?.state === 'present' && certificate.state === 'present' && isKeyOf(key, certificate.certificates[0])
  )
}
