/** The links to the kubelet's rotated files, and whether what they lead to is whole. */
import { pathText } from '../../foreign-text.ts'
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import { instant } from '../instant.ts'
import type { RotatedFiles } from '../kubelet-evidence.ts'
import type { Check, Observation } from './check.ts'
import { entryOf, subjectNamed } from './kubelet-view.ts'
import {
  APPROVE_SERVING,
  CLIENT,
  CONF,
  fileOf,
  newestUsable,
  onNode,
  RESTART,
  relink,
  SELF_SIGNED,
  SERVER,
  wayBack,
} from './kubelet-way-back.ts'
import { observe } from './subjects.ts'

export const KUBELET_LINK_CHECKS: readonly Check[] = [
  {
    code: 'KUBELET_LINK_DANGLING',
    group: 'kubelet',
    severity: 'error',
    title: "the link to the kubelet's current certificate is gone, or leads to nothing",
    needs: ['certificates'],
    remedy: 'put the link on the newest of the dated files',
    find: evidence => both(evidence, dangling),
  },
  {
    code: 'KUBELET_LINK_STALE',
    group: 'kubelet',
    severity: 'error',
    title: "the link to the kubelet's current certificate leads to an older file than there is",
    needs: ['certificates'],
    remedy: 'put the link on the newest of the dated files',
    find: evidence => both(evidence, stale),
  },
  {
    code: 'KUBELET_LINK_REPLACED',
    group: 'kubelet',
    severity: 'warning',
    title: "a regular file is where the link to the kubelet's current certificate belongs",
    needs: ['certificates'],
    remedy: 'give it a dated name and put a link in its place',
    find: evidence => both(evidence, replaced),
  },
  {
    code: 'KUBELET_KEY_MISSING',
    group: 'kubelet',
    severity: 'error',
    title: "the kubelet's certificate is there without its private key",
    needs: ['keys'],
    remedy: 'put the key back, or have a new certificate made',
    find: evidence => [...both(evidence, withoutKey), ...withoutKeyFile(evidence)],
  },
]

interface Rotated {
  readonly name: typeof CLIENT | typeof SERVER
  readonly files: RotatedFiles
}

type Look = (evidence: Evidence, rotated: Rotated) => readonly Observation[]

function both(evidence: Evidence, look: Look): readonly Observation[] {
  const { client, serving } = evidence.kubelet
  return [
    ...look(evidence, { name: CLIENT, files: client }),
    ...look(evidence, { name: SERVER, files: serving }),
  ]
}

/** The client's is the way in; a new serving certificate the kubelet asks for by itself. */
const severityOf = (name: string) => (name === CLIENT ? 'error' : 'warning')

function dangling(evidence: Evidence, { name, files }: Rotated): readonly Observation[] {
  const entry = entryOf(evidence, name)
  const { certificate } = entry
  const isDangling =
    files.current.is === 'link' && certificate.state === 'invalid' && certificate.reason === 'DANGLING_LINK'
  if (!isDangling && !isReferredTo(evidence, files)) return []
  const spare = newestUsable(files, evidence.now)
  return [
    observe(
      evidence,
      { entry, name, file: files.current.path },
      {
        severity: severityOf(name),
        expected: spare ? `a link to ${onNode(spare.path)}` : 'a link to a dated file that is there',
        found: isDangling
          ? `a link to ${pathText(files.target ?? '')}, which is not there`
          : 'no link, and kubelet.conf refers to it',
        remedy: spare ? relink(files.current.path, onNode(spare.path)) : anew(evidence, name),
      },
    ),
  ]
}

/** It is not there, and kubelet.conf names it. */
function isReferredTo(evidence: Evidence, { current }: RotatedFiles): boolean {
  const { certificate, certificateFile } = entryOf(evidence, CONF)
  const isMissing = certificate.state === 'invalid' && certificate.reason === 'REFERENCE_MISSING'
  return isMissing && current.is === 'missing' && certificateFile?.path === current.path
}

function anew(evidence: Evidence, name: string): string {
  return name === CLIENT
    ? wayBack(evidence)
    : `rm ${shellWord(fileOf(evidence, name))} && ${RESTART} # then approve its request, ${APPROVE_SERVING}`
}

/** Files of another life, in the same second or by another kubelet, are no reason for an alarm: only a later end is. */
function stale(evidence: Evidence, { name, files }: Rotated): readonly Observation[] {
  const { now } = evidence
  const current = subjectNamed(evidence, name)
  const newest = newestUsable(files, now)
  if (files.current.is !== 'link' || !current || !newest) return []
  if (newest.leaf.notBefore <= current.leaf.notBefore || newest.leaf.notAfter <= current.leaf.notAfter)
    return []
  return [
    observe(evidence, current, {
      severity: current.leaf.notAfter <= now ? severityOf(name) : 'warning',
      expected: `a link to ${onNode(newest.path)}, from ${instant(newest.leaf.notBefore)} to ${instant(newest.leaf.notAfter)}`,
      found: `a link to ${pathText(files.target ?? '')}, which ${current.leaf.notAfter <= now ? 'ended' : 'ends'} on ${instant(current.leaf.notAfter)}`,
      remedy: relink(files.current.path, onNode(newest.path)),
    }),
  ]
}

/** The kubelet refuses to replace what is no link: "expected ... to be a symlink but it is a file". */
function replaced(evidence: Evidence, { name, files }: Rotated): readonly Observation[] {
  const entry = entryOf(evidence, name)
  if (files.current.is !== 'file') return []
  const dated = files.current.path.replace(/-current\.pem$/, '-by-hand.pem')
  return [
    observe(
      evidence,
      { entry, name, file: files.current.path },
      {
        expected: 'a link to a dated file',
        found: 'a regular file',
        impact: `the kubelet cannot rotate it: it will not replace what is no link`,
        remedy: `mv ${shellWord(files.current.path)} ${shellWord(dated)} && ${relink(files.current.path, onNode(dated))}`,
      },
    ),
  ]
}

function withoutKey(evidence: Evidence, { name }: Rotated): readonly Observation[] {
  const current = subjectNamed(evidence, name)
  if (current?.entry.certificate.state !== 'present' || current.entry.certificate.holdsKey) return []
  return [
    observe(evidence, current, {
      severity: severityOf(name),
      expected: 'the certificate and its private key in one file',
      found: 'a certificate alone',
      remedy: anew(evidence, name),
    }),
  ]
}

/** It takes a pair or makes one; with half of one it does not start. */
function withoutKeyFile(evidence: Evidence): readonly Observation[] {
  const subject = subjectNamed(evidence, SELF_SIGNED)
  const { key } = entryOf(evidence, SELF_SIGNED)
  if (!subject || !key || key.state !== 'missing' || servesAnother(evidence)) return []
  return [
    observe(
      evidence,
      { ...subject, file: key.path },
      {
        expected: `the key of ${subject.file}`,
        found: 'no such file',
        impact: 'the kubelet does not start with half a pair',
        remedy: `rm ${shellWord(subject.file)} && ${RESTART} # it makes a new pair`,
      },
    ),
  ]
}

function servesAnother({ kubelet }: Evidence): boolean {
  const { configuration, serving, tlsCertificate } = kubelet
  const isBootstrapped = configuration.state === 'present' && configuration.value.serverTLSBootstrap === true
  return isBootstrapped || tlsCertificate !== undefined || serving.current.is !== 'missing'
}
