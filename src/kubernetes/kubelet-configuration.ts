/** What of a kubelet's configuration is about certificates: its KubeletConfiguration, and the flags that win over it. */
import type { Unusable } from '../errors.ts'
import { isMapping, type Mapping, mappingAt, parseYaml, stringAt } from './yaml.ts'

export interface KubeletConfiguration {
  /** Absent: not in the file; the kubelet takes it for false. */
  readonly rotateCertificates?: boolean | undefined
  readonly serverTLSBootstrap?: boolean | undefined
  readonly tlsCertFile?: string | undefined
  readonly tlsPrivateKeyFile?: string | undefined
  /** Of `authentication.x509`. */
  readonly clientCAFile?: string | undefined
  /** Fields that the kubelet passes over because of the case of a letter. */
  readonly misspelt: readonly Misspelling[]
}

export interface Misspelling {
  readonly found: string
  readonly meant: string
}

/** From the top, those that are looked at. */
const FIELDS = [
  ['rotateCertificates'],
  ['serverTLSBootstrap'],
  ['tlsCertFile'],
  ['tlsPrivateKeyFile'],
  ['authentication', 'x509', 'clientCAFile'],
] as const

export function parseKubeletConfiguration(text: string): KubeletConfiguration | Unusable {
  if (text.trim() === '') return { reason: 'EMPTY_FILE' }
  const parsed = parseYaml(text)
  if ('reason' in parsed) return parsed
  const [config] = parsed.documents
  if (!isMapping(config)) return { reason: 'YAML_MALFORMED', found: 'no mapping' }
  const x509 = mappingAt(mappingAt(config, 'authentication'), 'x509')
  return {
    rotateCertificates: booleanAt(config, 'rotateCertificates'),
    serverTLSBootstrap: booleanAt(config, 'serverTLSBootstrap'),
    tlsCertFile: fileAt(config, 'tlsCertFile'),
    tlsPrivateKeyFile: fileAt(config, 'tlsPrivateKeyFile'),
    clientCAFile: fileAt(x509, 'clientCAFile'),
    misspelt: FIELDS.flatMap(path => misspelling(config, path) ?? []),
  }
}

function booleanAt(config: Mapping, key: string): boolean | undefined {
  const value = Object.hasOwn(config, key) ? config[key] : undefined
  return typeof value === 'boolean' ? value : undefined
}

function fileAt(config: Mapping, key: string): string | undefined {
  return stringAt(config, key) || undefined
}

/** What would be the field if letters had no case, where the field itself is not there. */
function misspelling(config: Mapping, path: readonly string[]): Misspelling | undefined {
  const found: string[] = []
  let here: unknown = config
  for (const key of path) {
    if (!isMapping(here)) return undefined
    const keys = Object.keys(here)
    const isThere = keys.includes(key)
    const actual = isThere ? key : keys.find(one => one.toLowerCase() === key.toLowerCase())
    if (actual === undefined) return undefined
    found.push(actual)
    here = here[actual]
  }
  const [asFound, meant] = [found.join('.'), path.join('.')]
  return asFound === meant ? undefined : { found: asFound, meant }
}

/** `--name=value`, `--name value`, `--name`, wherever in an environment file or a systemd drop-in; the last one wins. */
export function parseKubeletFlags(text: string): ReadonlyMap<string, string> {
  const flags = new Map<string, string>()
  const lines = text.replace(/\\\r?\n/g, ' ').split('\n')
  for (const line of lines.filter(one => !/^\s*[#;]/.test(one))) {
    const words = line.match(/[^\s"']+/g) ?? []
    for (const [index, word] of words.entries()) {
      const [, name, value] = /(?:^|=)--([a-z][a-z0-9-]*)(?:=(.*))?$/.exec(word) ?? []
      const next = words[index + 1]
      if (name) flags.set(name, value ?? (next === undefined || next.startsWith('-') ? 'true' : next))
    }
  }
  return flags
}
