/** A file that is no node's, new or in place of an old one. */
import { lstatSync, renameSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { randomToken } from './digest.ts'
import { on, removeFile, syncDirectory, trouble, withAddition } from './disk.ts'
import { quietly, writePlainFile } from './plain-files.ts'

/**
 * Readable by all, and at every instant whole: the old one, or the new one. What is no plain file (a link, a terminal)
 * is left alone: others may write to the directory, and must not lead us elsewhere.
 */
export function replaceFile(file: string, contents: string): void {
  const path = resolve(file)
  try {
    on(file, () => checkPlain(path))
    on(file, () => replace(path, contents))
  } catch (error) {
    throw withAddition(error, 'nothing was written')
  }
}

function checkPlain(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) throw trouble('EISDIR')
  if (stat?.isSymbolicLink()) throw trouble('ELOOP')
  if (stat && !stat.isFile()) throw trouble('ENOTFILE')
}

/** The name of the temporary one: hidden, and with an ending that no collector of metrics looks for. */
function replace(path: string, contents: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomToken()}`)
  try {
    writePlainFile(temporary, contents)
    renameSync(temporary, path)
  } catch (error) {
    quietly(() => removeFile(temporary))
    throw error
  }
  quietly(() => syncDirectory(dirname(path)))
}
