/** What goes with requests to the people of a CA, for the commands that make or pack them. */
import { EXIT, type ExitCode, PkiError } from '../errors.ts'
import type { RequestPaperwork } from '../pki/renewal-result.ts'
import type { Host } from './command.ts'
import { pathOption, tell } from './options.ts'

/** As the user named it, not below the root. */
export const ARCHIVE_OPTION = {
  type: 'string',
  coerce: (value: unknown): string => {
    const path = pathOption('archive')(value)
    if (path !== '-') return path
    throw new PkiError('USAGE', '--archive wants a file, found "-"', { hint: 'such as requests.tar' })
  },
  completes: 'file',
  describe: "A new tar file for the CA's people: the requests that wait and how to sign them, never a key",
} as const

/** The way of requests that were made. */
export function requestHints({ sheetFile, archive }: RequestPaperwork, flags: string): string[] {
  const pack =
    archive === undefined ? `kubepki certs requests --archive requests.tar${flags} packs it` : archive
  return [
    `what each must contain, with the commands that sign it, is in ${sheetFile}; for the CA's people: ${pack}`,
    `when the answers are back, in a directory or in files: kubepki certs import DIR${flags}`,
  ]
}

/** Of a dry run. */
export function tellPlan(host: Host, plan: RequestPaperwork & { readonly changed: boolean }): void {
  const { manifestFile, sheetFile, changed } = plan
  if (manifestFile !== undefined) tell.note(host, `with the requests: ${manifestFile}, ${sheetFile}`)
  tell.note(host, changed ? 'nothing was changed: this is the plan' : 'nothing to do')
}

/** The requests are there, whatever became of it. */
export function tellArchive(
  host: Host,
  { archive, archiveFailure }: RequestPaperwork,
  flags: string,
): ExitCode {
  if (archive !== undefined) tell.note(host, `packed for the CA's people: ${archive}`)
  if (archiveFailure === undefined) return EXIT.done
  tell.error(host, `the requests are made, but not the archive: ${archiveFailure}`)
  tell.hint(host, `to make it again: kubepki certs requests --archive FILE.tar${flags}`)
  return EXIT.failed
}
