import { EXIT, type ExitCode, PkiError } from '../../errors.ts'
import { type SignOptions, signRequests } from '../../operations/sign-requests.ts'
import type { SigningResult } from '../../pki/signing-result.ts'
import { renderSigned, renderSigning, SIGNING_FORMATS } from '../../report/signed.ts'
import { AUTHORITY_OPTIONS, KEY_OPTIONS, passphraseFrom, signerFrom } from '../authority-options.ts'
import { defineCommand, type Host } from '../command.ts'
import {
  DRY_RUN_OPTION,
  durationOption,
  NODE_OPTIONS,
  OUTPUT_OPTION,
  pathOption,
  readOptions,
  tell,
  tellFailures,
  tellSources,
} from '../options.ts'
import { authorityFlags, passphraseFlags } from './sign-flags.ts'

export const command = defineCommand({
  names:
    'FILE is a request, PKCS#10 in PEM or DER. What a certificate is for is said by --profile, else by the requests.json beside it that has its key, else by its name and subject (apiserver.csr with CN=kube-apiserver); never by what the request asks for',
  namesComplete: 'file',
  options: {
    ...AUTHORITY_OPTIONS,
    profile: {
      type: 'string',
      describe: 'server, client, peer (both), or the name of a certificate such as apiserver or admin.conf',
    },
    validity: {
      type: 'string',
      coerce: durationOption('validity', 1000),
      describe: 'How long the certificates are valid, never longer than the CA (default: 1y)',
    },
    out: {
      type: 'string',
      coerce: pathOption('out'),
      completes: 'directory',
      describe: 'Where NAME.crt goes for NAME.csr (default: beside the request)',
    },
    yes: { alias: 'y', type: 'boolean', default: false, describe: 'Sign without asking' },
    'dry-run': DRY_RUN_OPTION,
    ...KEY_OPTIONS,
    output: OUTPUT_OPTION,
    ...NODE_OPTIONS,
  },
  examples: [
    {
      command: 'kubepki certs sign requests/*.csr --ca-cert ca.crt --ca-key ca.key --out answers',
      does: 'for what requests.json beside them says; shown first, and asked',
    },
    {
      command: 'kubepki certs sign lb.csr --ca ca --profile server --validity 90d',
      does: 'by the cluster CA of this node, for a server',
    },
    {
      command:
        "kubepki certs sign apiserver.csr --ca-cert ca.crt --signer-input digestinfo --signer-command 'pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --login --pin env:PIN --id 01 --sign --mechanism RSA-PKCS'",
      does: 'by an RSA key in an HSM',
    },
    {
      command:
        "kubepki certs sign apiserver.csr --ca-cert ca.crt --signer-command 'openssl pkeyutl -sign -inkey ca.key -pkeyopt digest:{hash}'",
      does: 'what every signer program has to do, shown with openssl',
    },
  ],
  run: async (args, host) => {
    const files = (args.names ?? []).map(String)
    if (files.includes('-')) throw new PkiError('USAGE', 'wanted files, found "-": a request needs a name')
    const ca = authorityFlags(args)
    const source = passphraseFlags(args)
    const options: SignOptions = {
      ...readOptions(args, host),
      ca,
      files,
      profile: args.profile,
      validity: args.validity,
      out: args.out,
      dryRun: args['dry-run'],
      passphrase: passphraseFrom(source, host),
      signer: signerFrom(args, host),
    }
    if (args.yes || args['dry-run'])
      return finish(await signRequests(options), { ...args, isShown: false }, host)
    const confirm = (plan: SigningResult) => isConfirmed(plan, host)
    return finish(await signRequests({ ...options, confirm }), { ...args, isShown: true }, host)
  },
})

/** What will be signed is on the terminal first, wherever stdout goes. */
async function isConfirmed(plan: SigningResult, host: Host): Promise<boolean> {
  host.stderr(renderSigning(plan))
  for (const warning of plan.warnings) tell.warning(host, warning)
  tellLeftOut(plan, host)
  const { length } = plan.certificates
  const what = length === 1 ? 'this certificate' : `these ${length} certificates`
  const answer = await host.ask?.(`Sign ${what}? [y/N] `)
  if (answer !== undefined) return /^y(es)?$/i.test(answer.trim())
  throw new PkiError('USAGE', 'wanted a yes, and there is no terminal to ask at: nothing was signed', {
    hint: '--yes signs without asking, --dry-run shows what would be signed',
  })
}

interface Shown {
  readonly output: 'text' | 'json' | 'yaml'
  readonly verbose: boolean
  readonly isShown: boolean
}

function finish(result: SigningResult, { output, verbose, isShown }: Shown, host: Host): ExitCode {
  const { failures, warnings, dryRun } = result
  const isFailed = failures.length > 0
  const render = output === 'text' && isShown ? renderSigned : SIGNING_FORMATS[output]
  if (!isFailed || output !== 'text') host.stdout(render(result))
  if (verbose) tellSources(host, result.sources)
  if (!isShown) for (const warning of warnings) tell.warning(host, warning)
  if (!isShown && !isFailed) tellLeftOut(result, host)
  if (isFailed) return tellFailures(host, failures)
  if (dryRun) tell.note(host, 'nothing was signed: this is the plan')
  return EXIT.done
}

/** By CA: whoever signs for several calls once for each. */
function tellLeftOut({ leftOut }: SigningResult, host: Host): void {
  for (const ca of new Set(leftOut.map(({ caName, caSubject }) => `${caName} (${caSubject})`))) {
    const files = leftOut
      .filter(one => `${one.caName} (${one.caSubject})` === ca)
      .map(({ csrFile }) => csrFile)
    tell.note(host, `left out, for ${ca} to sign: ${files.join(' ')}`)
  }
}
