/** Flags that name another file than the right one, which is there. */
import { describeUnusable } from '../../errors.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { MisnamedFlag } from '../misnamed-flags.ts'
import type { Check, Observation } from './check.ts'
import { shownKeys } from './subjects.ts'

export const MISNAMED_CHECKS: readonly Check[] = [
  {
    code: 'FLAG_NAMES_ANOTHER_FILE',
    group: 'manifests',
    severity: 'error',
    title: 'a flag of a static pod names a file that does not fit, and the one that does is there',
    needs: ['manifests'],
    remedy: 'set the flag back to the file that fits',
    isCause: true,
    find: evidence => (evidence.misnamed ?? []).map(one => misnamed(evidence, one)),
  },
]

function misnamed({ snapshot }: Evidence, { usual, named, right }: MisnamedFlag): Observation {
  const { component } = named.pod.value
  const below = snapshot.entries.filter(({ caName }) => caName === usual.row)
  return {
    certificate: usual.row,
    concerns: below.map(({ name }) => name),
    file: named.pod.file.path,
    expected: `--${named.flag}=${right.value}: it is there and fits`,
    found: `--${named.flag}=${named.value}: ${whatIs(named)}`,
    impact: `${component}: does not start again, or refuses whom it ought to accept`,
    remedy: setBack({ usual, named, right }),
  }
}

function whatIs({ place, contents }: MisnamedFlag['named']): string {
  if (place === 'nowhere') return 'not mounted into the container'
  if (contents.state === 'missing') return 'no such file'
  if (contents.state === 'invalid') return describeUnusable(contents)
  return contents.certificates
    ? `${shownKeys(contents.certificates)}, which does not fit`
    : 'another key, which does not fit'
}

const PLAIN = /^[\w/.:@%+=,-]+$/

/** Written beside the directory that the kubelet watches, and put in place in one step. */
function setBack({ named, right }: MisnamedFlag): string {
  const manifest = named.pod.file.path
  const [from, to] = [named, right].map(({ flag, value }) => `--${flag}=${value}`) as [string, string]
  if (!PLAIN.test(from) || !PLAIN.test(to)) return `have --${named.flag} in ${manifest} name ${right.value}`
  const target = shellWord(`${manifest.replace(/[^/]*\/([^/]*)$/, '$1')}.new`)
  const edit = `sed 's#${from.replaceAll('.', '\\.')}#${to}#' ${shellWord(manifest)} > ${target}`
  return `install -m 600 /dev/null ${target} && ${edit} && grep -qe ${to} ${target} && mv ${target} ${shellWord(manifest)}`
}
