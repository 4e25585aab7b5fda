/** Versions of Kubernetes: which releases have what. */

/** `1.31.2` of `v1.31.2`, `1.31.2-rc.1` or `1.31.2+k3s1`; undefined when it is none: a tag may be a date. */
export function parseVersion(text: string): string | undefined {
  return /^v?(1\.\d+(?:\.\d+)?)(?:[-+][\w.+-]+)?$/.exec(text)?.[1]
}

/** Another major number proves nothing: a tag may be a date. */
export function isAtLeast(version: string, since: string): boolean {
  const [major, minor, patch] = numbersOf(version)
  const [sinceMajor, sinceMinor, sincePatch] = numbersOf(since)
  return major === sinceMajor && (minor > sinceMinor || (minor === sinceMinor && patch >= sincePatch))
}

/** `releases`: the first with a change, of each minor version that it was brought to; all later minor versions have it. */
export function hasChange(version: string, releases: readonly string[]): boolean {
  const minorOf = (release: string) => numbersOf(release)[1]
  const own = releases.find(release => minorOf(release) === minorOf(version))
  const newest = releases.toSorted((a, b) => minorOf(b) - minorOf(a))[0]
  const deciding = own ?? newest
  return deciding !== undefined && isAtLeast(version, deciding)
}

function numbersOf(version: string): [major: number, minor: number, patch: number] {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(part => Number.parseInt(part, 10))
  return [major, minor, patch]
}
