/** What to do about a file whose bytes are not good: the new stands beside the old until it is known to be whole. */
import { shellWord } from '../command-flags.ts'
import type { Evidence } from '../evidence.ts'
import type { FileStatus } from '../file-evidence.ts'
import { OTHER_NODES } from '../remedies.ts'
import { type Entry, entryNamed } from '../snapshot.ts'
import { NEW_CA } from './before-signing.ts'
import { CLIENT, SERVER, wayBack } from './kubelet-way-back.ts'
import { makingOf, putBack, renewalOf } from './repairs.ts'

/** By what is lost: a key is made anew with its certificate, a CA is where it was copied to. */
export function refilling(evidence: Evidence, { name, use, file }: FileStatus): string {
  if (name === CLIENT) return wayBack(evidence)
  if (name === 'sa')
    return `put the right ${shellWord(file.path)} back: the other control-plane nodes have it`
  const all = [...evidence.snapshot.entries, ...evidence.copies]
  const entry = all.find(one => one.name === name)
  if (!entry) return `put the right ${shellWord(file.path)} back`
  const remedy = remade(evidence, entry, { use, path: file.path })
  return `${remedy}${remedy.includes(' # ') ? ';' : ' #'} is the disk full? df ${shellWord(file.path)}`
}

function remade(evidence: Evidence, entry: Entry, { use, path }: { use: FileStatus['use']; path: string }) {
  if (entry.kind === 'ca')
    return entry.name === 'ca' && use === 'certificate' ? fromAdmin(evidence, path) : putBack(path)
  const isKeyAlone = use === 'key' && entry.certificate.state === 'present'
  return isKeyAlone || entry.name === SERVER ? renewalOf(evidence, entry) : makingOf(evidence, entry)
}

/** The cluster's CA is embedded in the kubeconfigs. */
function fromAdmin({ snapshot }: Evidence, path: string): string {
  const admin = entryNamed(snapshot, 'admin.conf')
  if (admin?.kubeconfig?.config.certificateAuthority?.at !== 'data') return putBack(path)
  const [file, next] = [shellWord(path), shellWord(`${path}.new`)]
  const embedded = `kubectl config view --raw --minify --kubeconfig=${shellWord(admin.file.path)} -o jsonpath='{.clusters[0].cluster.certificate-authority-data}'`
  return `${embedded} | base64 -d > ${next} && openssl x509 -noout -in ${next} && mv ${next} ${file} # ${OTHER_NODES}`
}

/** Every certificate of a file, in its order, as plain PEM: nothing is put in place where openssl cannot read one. */
export function rewritten(path: string): string {
  const [file, next] = [shellWord(path), shellWord(`${path}.new`)]
  return `openssl crl2pkcs7 -nocrl -certfile ${file} | openssl pkcs7 -print_certs -out ${next} && openssl x509 -noout -in ${next} && mv --backup=numbered ${next} ${file}`
}

export function rewrittenKey(path: string): string {
  const [file, next] = [shellWord(path), shellWord(`${path}.new`)]
  return `(umask 077 && openssl pkey -in ${file} -out ${next}) && mv ${next} ${file}`
}

/** Where openssl does not read it either, no command does. */
export function byHand(evidence: Evidence, entry: Entry, path: string): string {
  return entry.kind === 'ca'
    ? `open ${shellWord(path)} in an editor: each BEGIN and END line alone on its line and unindented, nothing but base64 between; or put the right one back: ${OTHER_NODES}`
    : renewalOf(evidence, entry)
}

/** What lay open is known to others. */
export function withoutItsKey(evidence: Evidence, entry: Entry, at: { path: string; isReachable: boolean }) {
  const cleaned = `chmod 600 ${shellWord(at.path)} && ${rewritten(at.path)}`
  if (!at.isReachable) return cleaned
  return entry.kind === 'ca'
    ? `${cleaned} # if it is the key of the CA, whoever read it can make certificates: ${NEW_CA}`
    : `${cleaned} # what belongs to that key needs a new one: ${renewalOf(evidence, entry)}`
}
