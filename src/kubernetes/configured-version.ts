/** `kubernetesVersion`: a version, or a label that kubeadm asks the network about. */
import { refuse, type Source, textAt } from './configured-fields.ts'

const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const NUMBER = '(?:0|[1-9]\\d*)'
const VERSION = new RegExp(`^v?1\\.${NUMBER}\\.${NUMBER}(?:-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?$`)
const LABEL = /^(?:latest|stable)(?:-[1-9](?:\.[1-9]\d{0,2})?)?$/

/** Where kubeadm looks a version up. */
const BUCKET = /^(?:release|ci|ci-cross)\//

/** As it is written, but for a bucket before it; a label says nothing. */
export function versionAt(source: Source, field: string): string | undefined {
  const found = textAt(source, field)
  const version = found?.replace(BUCKET, '')
  if (found === undefined || version === undefined || isVersionLabel(found)) return undefined
  if (VERSION.test(version)) return version
  throw refuse(source, { field, wanted: 'a version such as v1.31.2', found })
}

/** `stable-1`, `latest-1.31`, `ci/latest`. */
export function isVersionLabel(text: string): boolean {
  return LABEL.test(text.replace(BUCKET, ''))
}
