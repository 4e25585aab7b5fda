import { join } from 'node:path'
import { EXIT, type ExitCode, PkiError } from '../../errors.ts'
import { named } from '../../foreign-text.ts'
import { encodeObjects } from '../../kubernetes/signing-request-object.ts'
import { readManifests } from '../../operations/csr-manifests.ts'
import { type SignedRequest, signAll } from '../../operations/csr-sign.ts'
import { signInCluster } from '../../operations/csr-sign-live.ts'
import { openAuthority } from '../../operations/signing-authority.ts'
import { SHORTEST } from '../../pki/csr/issuance.ts'
import { SIGNERS } from '../../pki/csr/signer-rules.ts'
import { instant } from '../../pki/instant.ts'
import { ONE_YEAR } from '../../pki/validity.ts'
import { checkNewFile, isDirectory, writeWholeFile } from '../../store/new-file.ts'
import { AUTHORITY_OPTIONS, KEY_OPTIONS, passphraseFrom, signerFrom } from '../authority-options.ts'
import { authorityFlags, passphraseFlags } from '../certs/sign-flags.ts'
import { CLUSTER_OPTIONS, clusterTarget } from '../cluster-target.ts'
import { defineCommand, type Host } from '../command.ts'
import {
  durationOption,
  fileOption,
  MANIFEST_OUTPUT_OPTION,
  NODE_OPTIONS,
  readOptions,
  tell,
} from '../options.ts'
import { wordsOption } from './create-flags.ts'

const BUILT_IN = SIGNERS.map(({ signerName }) => signerName)

export const command = defineCommand({
  names: 'NAME is that of an object; with --from none at all means every one there',
  isNameOptional: true,
  repeatable: ['signer'],
  options: {
    from: fileOption(
      'from',
      'Objects in a file or in a directory, YAML or JSON, or - for standard input; nothing is asked of a cluster',
    ),
    all: {
      type: 'boolean',
      default: false,
      describe: 'Every request in the cluster that is approved for one of these signers',
    },
    ...AUTHORITY_OPTIONS,
    signer: {
      type: 'string',
      coerce: wordsOption('signer'),
      describe: 'The signer names it signs for; may be given again (default: the four of Kubernetes itself)',
    },
    duration: {
      type: 'string',
      coerce: durationOption('duration', SHORTEST),
      describe:
        'How long a certificate is valid that asks for nothing, and the longest that is given (default: 365d)',
    },
    out: fileOption(
      'out',
      'Where the certificate goes, or in a directory NAME.crt, in place of the objects on standard output',
    ),
    output: MANIFEST_OUTPUT_OPTION,
    ...KEY_OPTIONS,
    ...CLUSTER_OPTIONS,
    ...NODE_OPTIONS,
  },
  examples: [
    {
      command: 'kubepki csr sign jane --ca-cert ca.crt --ca-key ca.key',
      does: 'in the cluster of the kubeconfig, where the kube-controller-manager has no key of the CA',
    },
    {
      command: 'kubectl get csr jane -o yaml | kubepki csr sign --from - --ca ca --out jane.crt',
      does: 'by the CA of this node; the certificate alone',
    },
    {
      command:
        'kubepki csr sign --all --signer example.com/internal --duration 30d --ca-cert ca.crt --ca-key ca.key',
      does: 'whatever is approved for a signer of your own',
    },
  ],
  run: async (args, host) => {
    const names = [...new Set((args.names ?? []).map(String))]
    checkWhich({ names, from: args.from, all: args.all })
    const read = args.from === undefined ? undefined : await readManifests(args.from, names)
    const { out, output } = args
    const place = out === undefined ? undefined : { out, toDirectory: isDirectory(out) }
    const options = {
      signerNames: args.signer ?? BUILT_IN,
      duration: args.duration ?? ONE_YEAR,
      now: args.now ?? host.now(),
      ...(place && { checkTargets: (signable: readonly string[]) => checkTargets(signable, place) }),
    }
    const authority = await openAuthority({
      ...readOptions(args, host),
      ca: authorityFlags(args),
      signer: signerFrom(args, host),
      passphrase: passphraseFrom(passphraseFlags(args), host),
    })
    for (const message of read?.passedOver ?? []) tell.warning(host, message)
    const signed = read
      ? await signAll(read.requests, authority, options)
      : await signInCluster({ target: clusterTarget(args, host), names, authority, ...options })
    if (place) writeCertificates(signed, place)
    else if (read)
      host.stdout(
        encodeObjects(
          signed.map(({ object }) => object),
          output,
        ),
      )
    else
      for (const { name, outcome } of signed)
        if (outcome !== 'left')
          host.stdout(`certificatesigningrequest.certificates.k8s.io/${named(name)} ${outcome}\n`)
    return explain(signed, host)
  },
})

interface Which {
  readonly names: readonly string[]
  readonly from: string | undefined
  readonly all: boolean
}

function checkWhich({ names, from, all }: Which): void {
  if (from !== undefined && all)
    throw new PkiError('USAGE', '--from and --all exclude each other', {
      hint: 'without names all objects of --from are meant',
    })
  if (all && names.length > 0) throw new PkiError('USAGE', `wanted names or --all, found both`)
  if (from === undefined && !all && names.length === 0)
    throw new PkiError('USAGE', 'wanted NAME..., --all or --from FILE, found nothing', {
      hint: 'kubepki csr sign --help',
    })
}

/** A name of an object is text of a stranger's, and may lead anywhere. */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,200}$/

interface Place {
  readonly out: string
  readonly toDirectory: boolean
}

function pathFor(name: string, { out, toDirectory }: Place): string {
  return toDirectory ? join(out, `${name}.crt`) : out
}

/** Before the first is signed. */
function checkTargets(names: readonly string[], place: Place): void {
  const { out, toDirectory } = place
  if (names.length > 1 && !toDirectory)
    throw new PkiError(
      'USAGE',
      `--out ${out} is no directory, and ${names.length} certificates would go there`,
    )
  const strange = names.find(name => toDirectory && !FILE_NAME.test(name))
  if (strange !== undefined)
    throw new PkiError('WRITE_FAILED', `${named(strange) || 'a request without a name'} makes no file name`, {
      hint: 'name the file with --out',
    })
  // Some file systems tell no capitals apart.
  const folded = names.map(name => name.toLowerCase())
  const twice = names.find((_, index) => folded.indexOf(folded[index] ?? '') < index)
  if (twice !== undefined)
    throw new PkiError(
      'WRITE_FAILED',
      `${named(twice)}.crt would be written twice: two requests have that name`,
      {
        hint: 'one at a time, each with a file of its own: --out FILE',
      },
    )
  for (const name of names) checkNewFile(pathFor(name, place))
}

function writeCertificates(signed: readonly SignedRequest[], place: Place): void {
  for (const { name, certificate } of signed)
    if (certificate !== undefined) writeWholeFile(pathFor(name, place), certificate, 0o644)
}

function explain(signed: readonly SignedRequest[], host: Host): ExitCode {
  for (const { name, outcome, messages, leaf, isTrouble } of signed) {
    const label = named(name) || 'the request without a name'
    const words =
      outcome === 'signed' && leaf
        ? `signed: ${named(leaf.subject)}, valid until ${instant(leaf.notAfter)}`
        : `${outcome === 'failed' ? 'failed' : 'left alone'}: ${messages.join('; ')}`
    const say = outcome === 'failed' || isTrouble ? tell.error : tell.note
    say(host, `${label}: ${words}`)
    if (outcome === 'signed') for (const message of messages) tell.warning(host, `${label}: ${message}`)
  }
  if (signed.length === 0) tell.note(host, 'nothing to sign')
  if (signed.some(({ isTrouble }) => isTrouble)) return EXIT.failed
  return signed.every(({ outcome, isHarmless }) => outcome === 'signed' || isHarmless)
    ? EXIT.done
    : EXIT.findings
}
