/** `--output-file`, for the commands whose report something else reads. */
import { PkiError } from '../errors.ts'
import type { Host } from './command.ts'
import { pathOption } from './options.ts'

const STREAM = /^\/dev\/(stdout|stderr|null|tty|fd\/.*)$|^\/proc\/[^/]+\/fd\//

/** As the user named it, not below the root. */
export const OUTPUT_FILE_OPTION = {
  type: 'string',
  coerce: (value: unknown): string => {
    const path = pathOption('output-file')(value)
    if (path !== '-' && !STREAM.test(path)) return path
    throw new PkiError('USAGE', `--output-file wants a file, found "${path}"`, {
      hint: 'without the flag the report is on the standard output: use a pipe, or >',
    })
  },
  completes: 'file',
  describe:
    'Where the report goes instead of the standard output, whole at every instant and readable by all',
} as const

export async function writeReport(host: Host, text: string, file: string | undefined): Promise<void> {
  if (file === undefined) return host.stdout(text)
  const { replaceFile } = await import('../store/replace-file.ts')
  replaceFile(file, text)
}
