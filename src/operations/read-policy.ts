/** A policy by its name, or from a file. */
import { PkiError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { POLICIES, type Policy, parsePolicy } from '../pki/csr/policy.ts'
import { readUserFile } from '../store/files.ts'
import { isTaken } from '../store/plain-files.ts'

const NAMES = Object.keys(POLICIES)

/** A name that is built in comes first: a file of that name is `./kubelet-serving`. */
export function readPolicy(nameOrFile: string): Policy {
  const builtIn = Object.hasOwn(POLICIES, nameOrFile) ? POLICIES[nameOrFile] : undefined
  if (builtIn) return builtIn
  if (!/[/.]/.test(nameOrFile) && !isTaken(nameOrFile)) throw unknownPolicy(nameOrFile)
  const policy = parsePolicy(readUserFile(nameOrFile))
  if ('problem' in policy) throw new PkiError('CONFIG_INVALID', `${nameOrFile}: ${policy.problem}`)
  return policy
}

function unknownPolicy(name: string): PkiError {
  const near = nearest(name, NAMES)
  return new PkiError('USAGE', `--policy wants a file or one of ${NAMES.join(', ')}, found "${name}"`, {
    hint: near === undefined ? undefined : `did you mean ${near}?`,
  })
}
