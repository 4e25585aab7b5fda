/** What the flags of a renewal mean together. */
import { PkiError } from '../../errors.ts'
import { isRequestedOnly } from '../../inventory/select.ts'
import { customSignerFlaw } from '../../pki/csr/renewal-signer.ts'
import { signerNameFlaw } from '../../pki/csr/signer-name.ts'
import { NAMED_ROWS } from '../../pki/renewal-names.ts'
import { parseSubjectAltName, type SubjectAltName } from '../../x509/subject-alt-name.ts'

/** A list may also be one value with commas. */
export function sansOption(flag: string) {
  return (values: unknown): SubjectAltName[] => {
    const texts = [values].flat().flatMap(value => String(value).split(','))
    return texts.map(text => {
      const name = parseSubjectAltName(text.trim())
      if (name && !(name.type === 'DNS' && /^[\d.]+$/.test(name.value))) return name
      throw new PkiError('USAGE', `--${flag} wants a DNS name or an IP address, found "${text}"`, {
        hint: 'such as lb.example.com, *.example.com, 10.0.0.10 or fd00::10',
      })
    })
  }
}

export function signerNameOption(value: unknown): string {
  const name = String(value)
  const flaw = signerNameFlaw(name)?.replace('spec.signerName', '--signer-name') ?? customSignerFlaw(name)
  if (flaw === undefined) return name
  throw new PkiError('USAGE', flaw, { hint: 'such as example.com/internal' })
}

interface Flags {
  readonly 'use-api': boolean
  readonly 'signer-name'?: string | undefined
  readonly 'wait-timeout'?: number | undefined
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly timeout?: number | undefined
  readonly archive?: string | undefined
  readonly 'csr-only': boolean
  readonly restart: boolean
  readonly config?: string | undefined
  readonly 'add-san'?: readonly SubjectAltName[] | undefined
  readonly 'remove-san'?: readonly SubjectAltName[] | undefined
  readonly 'sans-from-config': boolean
  readonly key: 'new' | 'keep'
  readonly 'encryption-algorithm'?: string | undefined
}

/** Flags that make no sense together, or with these names. */
export function checkFlags(flags: Flags, names: 'all' | readonly string[]): void {
  checkPairs(flags)
  checkNames(flags, names)
}

/** Names are added to what is named, not to every certificate there is. */
function checkNames(flags: Flags, names: 'all' | readonly string[]): void {
  const flag = (['add-san', 'remove-san'] as const).find(one => flags[one] !== undefined)
  const rows = NAMED_ROWS.filter(name => flags['use-api'] || !isRequestedOnly(name))
  const other = names === 'all' ? 'all' : names.find(name => !rows.includes(name))
  if (flag !== undefined && other !== undefined) {
    throw new PkiError('USAGE', `--${flag} wants the serving certificates named, found ${other}`, {
      hint: `one or more of: ${rows.join(', ')}`,
    })
  }
  if (flags['sans-from-config'] && flags.config === undefined) {
    throw new PkiError('USAGE', '--sans-from-config wants --config FILE too', {
      hint: "kubectl -n kube-system get configmap kubeadm-config -o jsonpath='{.data.ClusterConfiguration}'",
    })
  }
}

function checkPairs(flags: Flags): void {
  const { 'csr-only': csrOnly, key, 'encryption-algorithm': algorithm, restart } = flags
  const refuse = (flags: string, hint: string) =>
    new PkiError('USAGE', `${flags} exclude each other`, { hint })
  checkApi(flags, refuse)
  if (csrOnly && restart)
    throw refuse('--restart and --csr-only', 'a request changes no file that anybody holds')
  if (key !== 'keep') return
  if (csrOnly) throw refuse('--key keep and --csr-only', 'a request is always for a new key')
  if (algorithm !== undefined)
    throw refuse('--key keep and --encryption-algorithm', 'a kept key is what it is')
}

/** Flags that mean something with `--use-api`, and those that do not. */
function checkApi(flags: Flags, refuse: (flags: string, hint: string) => PkiError): void {
  const own = (['signer-name', 'wait-timeout', 'kubeconfig', 'context', 'timeout'] as const).find(
    flag => flags[flag] !== undefined,
  )
  if (!flags['use-api'] && own !== undefined) throw new PkiError('USAGE', `--${own} wants --use-api too`)
  if (!flags['use-api']) return
  if (flags['csr-only'])
    throw refuse('--use-api and --csr-only', 'the cluster signs the requests, or somebody else does')
  if (flags.archive !== undefined) throw refuse('--use-api and --archive', 'the requests go to the cluster')
  if (flags.key === 'keep') throw refuse('--use-api and --key keep', 'a request is always for a new key')
}
