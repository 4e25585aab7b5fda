/** Commands that are printed for somebody to run: they have to find the same node again. */

export interface PlaceFlags {
  readonly root: string
  readonly certDir?: string | undefined
  readonly kubeconfigDir?: string | undefined
  readonly kubeletDir?: string | undefined
  readonly csrDir?: string | undefined
  readonly config?: string | undefined
}

/** ` --root /mnt`, or nothing; as a shell reads it. */
export function commandFlags(places: PlaceFlags): string {
  const flags = [
    ['root', places.root === '/' ? undefined : places.root],
    ['cert-dir', places.certDir],
    ['kubeconfig-dir', places.kubeconfigDir],
    ['kubelet-dir', places.kubeletDir],
    ['csr-dir', places.csrDir],
    ['config', places.config],
  ] as const
  return flags
    .flatMap(([flag, value]) => (value === undefined ? [] : ` --${flag} ${shellWord(value)}`))
    .join('')
}

/** In quotes where a shell would read something else. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
