/** Reads what the flags of the static pods name, where the host has it. Changes nothing; every trouble is a state. */
import { FLAG_FILES, type FlagFileSpec } from '../inventory/flag-files.ts'
import { hostPathOf, placeOf } from '../kubernetes/static-pod.ts'
import type { FlagFile, FlagFileContents } from '../pki/evidence.ts'
import type { Found, PlacedPod } from '../pki/snapshot.ts'
import { readText, type Tree } from '../store/files.ts'
import { readCertificates } from '../x509/certificate.ts'
import { readPrivateKey } from '../x509/key.ts'

export function readFlagFiles(tree: Tree, pods: readonly PlacedPod[]): readonly FlagFile[] {
  return pods.flatMap(pod =>
    FLAG_FILES.filter(({ components }) => components.some(one => one === pod.value.component)).flatMap(spec =>
      valuesOf(pod, spec).map(value => readFlagFile(tree, pod, { ...spec, value })),
    ),
  )
}

/** A relative path hangs on where the component was started. */
function valuesOf({ value: { flags, repeated } }: PlacedPod, { flag }: FlagFileSpec): readonly string[] {
  const single = flags.get(flag)
  const all = repeated?.get(flag) ?? (single === undefined ? [] : [single])
  return all.filter(value => value.startsWith('/'))
}

interface Named extends FlagFileSpec {
  readonly value: string
}

function readFlagFile(tree: Tree, pod: PlacedPod, { flag, kind, value }: Named): FlagFile {
  const path = hostPathOf(pod.value, value)
  const { contents, file } = readText(tree, { value: { path }, source: `${pod.source}: --${flag}` })
  return {
    ...{ pod, flag, kind, value, file },
    place: placeOf(pod.value, value),
    contents: contents.state === 'present' ? readContents(kind, contents.text) : contents,
  }
}

function readContents(kind: FlagFileSpec['kind'], text: string): Found<FlagFileContents> {
  if (kind === 'public-key') return { state: 'present', text }
  if (kind === 'kubeconfig') return { state: 'present' }
  const read = kind === 'key' ? { key: readPrivateKey(text) } : readCertificates(text)
  if ('reason' in read) return { state: 'invalid', ...read }
  if ('certificates' in read) return { state: 'present', certificates: read.certificates }
  return 'reason' in read.key ? { state: 'invalid', ...read.key } : { state: 'present', key: read.key }
}
