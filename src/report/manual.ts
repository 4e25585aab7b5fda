/** kubepki(1) from the rows of the commands, in man(7). Pure. */

export interface ManualFlag {
  /** `--output`, `-o` */
  readonly words: readonly string[]
  /** `VALUE`; absent: it takes no value. */
  readonly value?: string | undefined
  readonly describe: string
}

export interface ManualCommand {
  /** `kubepki certs renew all | NAME...` */
  readonly usage: string
  readonly describe: string
  readonly names?: string | undefined
  readonly flags: readonly ManualFlag[]
  readonly examples: readonly { readonly command: string; readonly does: string }[]
}

export interface Manual {
  readonly version: string
  /** `2026-12-01` */
  readonly date: string
  readonly commands: readonly ManualCommand[]
}

/** What roff would make something else of than ASCII, which could not be pasted. */
const GLYPHS: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** A leading dot would be a request. */
function roff(text: string): string {
  return text.replace(/[\\\-'`^~]/g, character => GLYPHS[character] ?? '').replace(/^\./gm, '\\&.')
}

const bold = (text: string) => `\\fB${roff(text)}\\fR`
/** A line may end behind a bar: choices can be many. */
const italic = (text: string) => `\\fI${roff(text).replaceAll('|', '|\\:')}\\fR`

const DESCRIPTION = [
  'kubepki says what expires when on a kubeadm-style Kubernetes node, renews from the CA on the disk, makes requests where the CA is elsewhere, and makes a whole PKI from nothing.',
  "It reads the node's files and nothing else, so it works when the API server is down because everything has expired.",
  'A job that changes files changes all of them or none, and every change has a backup: kubepki certs history lists them, kubepki certs rollback puts one back.',
]

const EXIT_STATUS = [
  ['0', 'done'],
  ['1', 'could not do it; nothing was changed, or what was is said'],
  ['2', 'wrong use'],
  ['3', 'done, and there are findings'],
] as const

const FILES = [
  [
    '/etc/kubernetes/pki',
    'certificates and keys, where no flag, configuration or manifest says another place',
  ],
  ['/etc/kubernetes/*.conf', 'kubeconfigs'],
  ['/etc/kubernetes/kubepki-backups', 'backups, lock and journal'],
  ['/var/lib/kubelet/pki', "the kubelet's own certificates"],
] as const

export function renderManual({ version, date, commands }: Manual): string {
  return [
    `.TH KUBEPKI 1 "${date}" "kubepki ${roff(version)}" "User Commands"`,
    '.\\" A name that is cut at the end of a line cannot be pasted.',
    '.nh',
    '.ad l',
    '.SH NAME',
    roff('kubepki - the certificates of a kubeadm-style Kubernetes node'),
    '.SH SYNOPSIS',
    ...commands.flatMap(({ usage }) => [roff(usage), '.br']).slice(0, -1),
    '.SH DESCRIPTION',
    ...DESCRIPTION.flatMap(text => ['.PP', roff(text)]),
    '.SH COMMANDS',
    ...commands.flatMap(renderCommand),
    '.SH EXIT STATUS',
    ...EXIT_STATUS.flatMap(tagged),
    '.SH FILES',
    ...FILES.flatMap(tagged),
    '.SH SEE ALSO',
    'kubeadm(1), openssl(1)',
    '',
  ].join('\n')
}

function tagged([tag, text]: readonly [string, string]): string[] {
  return ['.TP', bold(tag), roff(text)]
}

function renderCommand({ usage, describe, names, flags, examples }: ManualCommand): string[] {
  return [
    `.SS ${roff(usage)}`,
    `${roff(describe)}.`,
    ...(names === undefined ? [] : ['.PP', `${roff(names)}.`]),
    ...flags.flatMap(flag => ['.TP', renderFlag(flag), roff(flag.describe)]),
    ...examples.flatMap(({ command, does }) => [
      '.PP',
      `${roff(does)}:`,
      '.PP',
      '.RS 4',
      '.nf',
      roff(command),
      '.fi',
      '.RE',
    ]),
  ]
}

function renderFlag({ words, value }: ManualFlag): string {
  const names = words.map(bold).join(', ')
  return value === undefined ? names : `${names} ${italic(value)}`
}
