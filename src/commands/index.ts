/** Every command, in help order. Its file is loaded when argv names it. */
import type { Command } from './command.ts'

export interface CommandEntry {
  readonly words: readonly string[]
  /** Other words for all of it. */
  readonly aliases?: readonly (readonly string[])[]
  /** As help shows them: `NAME...`. */
  readonly positionals?: string
  readonly describe: string
  readonly load: () => Promise<{ readonly command: Command }>
}

export interface Group {
  readonly words: readonly string[]
  /** Of the last word. */
  readonly aliases: readonly string[]
  readonly describe: string
}

export const GROUPS: readonly Group[] = [
  {
    words: ['certs'],
    aliases: ['certificates'],
    describe: 'Commands related to handling Kubernetes certificates',
  },
  {
    words: ['csr'],
    aliases: [],
    describe: 'Kubernetes CertificateSigningRequests: judge, approve, sign, fetch',
  },
  { words: ['init'], aliases: [], describe: 'Make the PKI of a new node' },
  { words: ['init', 'phase'], aliases: [], describe: 'One phase of kubeadm init' },
  { words: ['kubeconfig'], aliases: [], describe: 'Kubeconfig files for further users' },
]

export const COMMANDS: readonly CommandEntry[] = [
  {
    words: ['certs', 'check-expiration'],
    describe: 'Say when the certificates of this node expire',
    load: () => import('./certs/check-expiration.ts'),
  },
  {
    words: ['certs', 'verify'],
    aliases: [['certs', 'doctor'], ['doctor']],
    positionals: '[NAME...]',
    describe:
      'Find what is wrong with the certificates, keys and kubeconfigs of this node, and say what to do',
    load: () => import('./certs/verify.ts'),
  },
  {
    words: ['certs', 'checks'],
    describe: 'List what certs verify checks',
    load: () => import('./certs/checks.ts'),
  },
  {
    words: ['certs', 'renew'],
    positionals: 'all | NAME...',
    describe: 'Renew certificates, or request them where the CA is elsewhere',
    load: () => import('./certs/renew.ts'),
  },
  {
    words: ['certs', 'history'],
    describe: 'List the backups: every job that changed files',
    load: () => import('./certs/history.ts'),
  },
  {
    words: ['certs', 'rollback'],
    positionals: '[ID]',
    describe: 'Put back what a job replaced, the last one or the one named',
    load: () => import('./certs/rollback.ts'),
  },
  {
    words: ['certs', 'recover'],
    describe: 'Complete or undo a job that was interrupted',
    load: () => import('./certs/recover.ts'),
  },
  {
    words: ['certs', 'generate-csr'],
    positionals: '[NAME...]',
    describe: 'Make keys and requests of a whole node, for an external CA',
    load: () => import('./certs/generate-csr.ts'),
  },
  {
    words: ['certs', 'requests'],
    describe: 'Say which requests wait for an external CA, which are answered, and pack them for it',
    load: () => import('./certs/requests.ts'),
  },
  {
    words: ['certs', 'sign'],
    positionals: 'FILE...',
    describe: "Sign requests, on the CA's side: with its key in a file, an HSM or a service",
    load: () => import('./certs/sign.ts'),
  },
  {
    words: ['certs', 'import'],
    positionals: '[FILE | DIR...]',
    describe: 'Install what an external CA returned, once it is what was asked for',
    load: () => import('./certs/import.ts'),
  },
  {
    words: ['certs', 'certificate-key'],
    describe: 'Print a new key for kubeadm to encrypt uploaded certificates with',
    load: () => import('./certs/certificate-key.ts'),
  },
  {
    words: ['csr', 'list'],
    describe: 'List requests by signer and node: their state in words, and what a policy would do',
    load: () => import('./csr/list.ts'),
  },
  {
    words: ['csr', 'show'],
    positionals: 'NAME',
    describe: 'Show what a request asks for beside what it says, and its verdict, rule by rule',
    load: () => import('./csr/show.ts'),
  },
  {
    words: ['csr', 'create'],
    positionals: 'NAME',
    describe: 'Make a key and a request, send it, and fetch certificate or kubeconfig',
    load: () => import('./csr/create.ts'),
  },
  {
    words: ['csr', 'vet'],
    describe: 'Judge requests by a policy: approve, deny or leave, and why',
    load: () => import('./csr/vet.ts'),
  },
  {
    words: ['csr', 'rules'],
    describe: 'List what a policy looks at: rules, their levels, and parameters',
    load: () => import('./csr/rules.ts'),
  },
  {
    words: ['csr', 'approve'],
    positionals: 'NAME... | --all-pending',
    describe: 'Approve requests of a cluster by a policy, shown first and asked',
    load: () => import('./csr/approve.ts'),
  },
  {
    words: ['csr', 'deny'],
    positionals: 'NAME...',
    describe: 'Deny requests of a cluster, for good',
    load: () => import('./csr/deny.ts'),
  },
  {
    words: ['csr', 'sign'],
    positionals: '[NAME...]',
    describe: 'Sign what is approved, as the kube-controller-manager does, with a CA that it has not',
    load: () => import('./csr/sign.ts'),
  },
  {
    words: ['csr', 'clean'],
    describe: "Say which requests Kubernetes' cleaner would delete, and why; with --yes delete them",
    load: () => import('./csr/clean.ts'),
  },
  {
    words: ['init', 'phase', 'certs'],
    positionals: 'all | NAME...',
    describe: 'Make CAs, certificates and the service account key of a node, as kubeadm does',
    load: () => import('./init/phase-certs.ts'),
  },
  {
    words: ['init', 'phase', 'kubeconfig'],
    positionals: 'all | NAME...',
    describe: 'Make the kubeconfigs of a node, as kubeadm does',
    load: () => import('./init/phase-kubeconfig.ts'),
  },
  {
    words: ['kubeconfig', 'user'],
    describe: 'Print a kubeconfig for another user',
    load: () => import('./kubeconfig/user.ts'),
  },
  {
    words: ['completion'],
    positionals: 'bash | zsh | fish',
    describe: 'Print what makes a shell complete commands, flags and names',
    load: () => import('./completion.ts'),
  },
  {
    words: ['manual'],
    describe: 'Print the manual page kubepki(1)',
    load: () => import('./manual.ts'),
  },
]

export function commandLine({ words }: Pick<CommandEntry, 'words'>): string {
  return ['kubepki', ...words].join(' ')
}

/** argv with the group's and the command's own names for their aliases. */
export function withoutAlias([first = '', ...rest]: readonly string[]): string[] {
  const group = GROUPS.find(({ words, aliases }) => words.length === 1 && aliases.includes(first))
  return withoutCommandAlias([group?.words[0] ?? first, ...rest])
}

function withoutCommandAlias(argv: readonly string[]): string[] {
  for (const { words, aliases = [] } of COMMANDS) {
    const alias = aliases.find(alias => alias.every((word, index) => word === argv[index]))
    if (alias) return [...words, ...argv.slice(alias.length)]
  }
  return [...argv]
}
