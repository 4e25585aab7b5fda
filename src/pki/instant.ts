/** RFC 3339 in UTC, whole seconds. */
export function instant(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z')
}
