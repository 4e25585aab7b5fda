/** A passphrase from a file or from a descriptor that was inherited: never from arguments or the environment. */
import { fstatSync, readSync } from 'node:fs'
import { PkiError } from '../errors.ts'
import { describeTrouble } from './disk.ts'
import { readUserFile } from './files.ts'

export type PassphraseSource = { readonly file: string } | { readonly descriptor: number }

/** The first line. */
export function readPassphrase(source: PassphraseSource): string {
  const name = 'file' in source ? source.file : `descriptor ${source.descriptor}`
  const text = 'file' in source ? readUserFile(source.file) : readDescriptor(source.descriptor)
  const [line = ''] = text.split(/\r?\n/, 1)
  if (line !== '') return line
  throw new PkiError('FILE_UNREADABLE', `${name}: wanted a passphrase in its first line, found nothing`)
}

const LONGEST = 64 * 1024

function readDescriptor(descriptor: number): string {
  const bytes = Buffer.alloc(LONGEST)
  try {
    if (fstatSync(descriptor).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    let length = 0
    for (let read = -1; read !== 0 && length < LONGEST; length += read)
      read = readSync(descriptor, bytes, length, LONGEST - length, null)
    return bytes.toString('utf8', 0, length)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const found = code === 'EBADF' ? 'it is not open' : describeTrouble(error)
    const hint = 'the shell opens it: kubepki certs sign ... --passphrase-fd 3 3< FILE'
    throw new PkiError('FILE_UNREADABLE', `--passphrase-fd ${descriptor}: ${found}`, { hint })
  } finally {
    bytes.fill(0)
  }
}
