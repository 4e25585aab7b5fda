// npm run bench: medians of interleaved runs and their ratios within this run; never an assertion on time.
// With dist/kubepki the executable is measured too; with $KUBEBUILDER_ASSETS, root and unshare the real kubeadm on the
// same trees. --profile: where the start-up time goes.
import { cpSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exists, machine, measure, median } from './measure.mjs'
import { printParsing } from './parsing.mjs'
import { printProfile } from './profile.mjs'

const RUNS = Number(process.env.RUNS ?? 11)
const project = join(import.meta.dirname, '../..')
const bundle = join(project, 'dist/kubepki.cjs')
const executable = join(project, 'dist/kubepki')
const kubeadm = join(process.env.KUBEBUILDER_ASSETS ?? '', 'kubeadm')
const directory = mkdtempSync(join(tmpdir(), 'kubepki-bench-'))
const report = join(directory, 'time')

const hasExecutable = exists(executable)
const hasKubeadm = process.env.KUBEBUILDER_ASSETS !== undefined && exists(kubeadm) && process.getuid?.() === 0
const KUBERNETES = '/etc/kubernetes'

function tree(name, copy) {
  const root = join(directory, `${name}-${copy}`)
  if (!exists(root))
    cpSync(join(project, 'fixtures/nodes', name), root, { recursive: true, verbatimSymlinks: true })
  return root
}

/** kubeadm reads /etc/kubernetes alone: it gets the tree there, in a mount namespace of its own. */
function inNamespace(root, ...args) {
  const mount = `mount --bind "$0" ${KUBERNETES} && exec "$@"`
  return ['unshare', '-m', 'sh', '-c', mount, join(root, KUBERNETES), ...args]
}

const INIT = `apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
nodeRegistration: {name: cp-1, criSocket: /run/containerd/containerd.sock}
localAPIEndpoint: {advertiseAddress: 192.0.2.10}
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v1.20.2
`
const initConfig = join(directory, 'init.yaml')
writeFileSync(initConfig, INIT)

/** A tree for each, so that none finds what another made. */
const empty = name => join(directory, `empty-${name}`)
function makeEmpty(root) {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(join(root, KUBERNETES), { recursive: true })
}
const both = (...phase) => [
  'sh',
  '-c',
  `${phase.join(' ')} certs all "$0" "$1" $2 && ${phase.join(' ')} kubeconfig all "$0" "$1" $2`,
]

function rowsOf(name, command) {
  const node = fixture => ['--root', tree(fixture, name)]
  const root = empty(name)
  return {
    [`${name}: check`]: { argv: [...command, 'certs', 'check-expiration', ...node('stock-1.20')] },
    [`${name}: renew RSA`]: { argv: [...command, 'certs', 'renew', 'all', ...node('stock-1.20')] },
    [`${name}: renew ECDSA`]: { argv: [...command, 'certs', 'renew', 'all', ...node('ecdsa')] },
    [`${name}: init RSA`]: {
      before: () => makeEmpty(root),
      argv: [...both(...command, 'init', 'phase'), '--config', initConfig, `--root=${root}`],
    },
  }
}

function kubeadmRows() {
  const [rsa, ecdsa, init] = [tree('stock-1.20', 'kubeadm'), tree('ecdsa', 'kubeadm'), empty('kubeadm')]
  const certs = (root, ...verb) =>
    inNamespace(root, kubeadm, 'certs', ...verb, '--config', join(root, 'kubeadm.yaml'))
  return {
    'namespace alone': { argv: inNamespace(rsa, 'true') },
    'kubeadm: check': { argv: certs(rsa, 'check-expiration') },
    'kubeadm: renew RSA': { argv: certs(rsa, 'renew', 'all') },
    'kubeadm: renew ECDSA': { argv: certs(ecdsa, 'renew', 'all') },
    'kubeadm: init RSA': {
      before: () => makeEmpty(init),
      argv: inNamespace(init, ...both(kubeadm, 'init', 'phase'), '--config', initConfig, ''),
    },
  }
}

/** work, what is measured, against what, and the goal. */
const GOALS = [
  ['`certs check-expiration`', 'executable: check', 'kubeadm: check', '0.5'],
  ['`certs check-expiration`', 'bundle: check', 'node -e 0', '1.6'],
  ['`certs check-expiration`', 'bundle: check', 'kubeadm: check', 'printed'],
  ['`certs renew all`, 10 keys RSA-2048', 'executable: renew RSA', 'kubeadm: renew RSA', '0.5'],
  ['`certs renew all`, 10 keys RSA-2048', 'bundle: renew RSA', 'kubeadm: renew RSA', '0.75'],
  ['`certs renew all`, ECDSA P-256', 'executable: renew ECDSA', 'kubeadm: renew ECDSA', '1'],
  ['`init phase certs all`, `kubeconfig all`, RSA-2048', 'executable: init RSA', 'kubeadm: init RSA', '0.6'],
]
const MEMORY = ['check', 'renew RSA', 'init RSA'].flatMap(work =>
  ['executable', 'bundle'].map(name => [
    `peak memory, ${work}`,
    `${name}: ${work}`,
    `kubeadm: ${work}`,
    '2.5',
  ]),
)

function run() {
  const rows = {
    'node -e 0': { argv: [process.execPath, '-e', '0'] },
    ...rowsOf('bundle', [process.execPath, bundle]),
    ...(hasExecutable && rowsOf('executable', [executable])),
    ...(hasKubeadm && kubeadmRows()),
  }
  const samples = Object.fromEntries(Object.keys(rows).map(name => [name, []]))
  for (let count = 0; count <= RUNS; count += 1) {
    for (const [name, { before, argv }] of Object.entries(rows)) {
      before?.()
      const sample = measure(argv, report)
      if (count > 0) samples[name].push(sample)
    }
  }
  const of = field => name => samples[name] && median(samples[name].map(sample => sample[field]))
  const namespace = of('wall')('namespace alone') ?? 0
  const wall = name => of('wall')(name) - (name.startsWith('kubeadm') ? namespace : 0)
  return { names: Object.keys(rows), wall, memory: of('memory'), isMeasured: name => name in samples }
}

function print({ names, wall, memory, isMeasured }) {
  console.log(`\n${machine()}; medians of ${RUNS} interleaved runs\n`)
  console.log('| command | wall | peak memory |\n|---|---|---|')
  for (const name of names)
    console.log(`| ${name} | ${wall(name).toFixed(0)} ms | ${memory(name).toFixed(0)} MiB |`)
  console.log('\n| work | of | against | ratio | goal, at most |\n|---|---|---|---|---|')
  const printRatio =
    value =>
    ([work, one, other, goal]) => {
      if (!isMeasured(one) || !isMeasured(other)) return
      const [who, whom] = [one, other].map(name => name.split(':')[0])
      console.log(`| ${work} | ${who} | ${whom} | ${(value(one) / value(other)).toFixed(2)} | ${goal} |`)
    }
  GOALS.forEach(printRatio(wall))
  MEMORY.forEach(printRatio(memory))
  if (!hasExecutable) console.log('\nexecutable not measured: npm run build:executable makes it')
  if (!hasKubeadm) console.log('\nkubeadm not measured: needs root, unshare and $KUBEBUILDER_ASSETS')
}

/** The mount point; taken away again when it was not there. */
const madeMountPoint = hasKubeadm ? mkdirSync(KUBERNETES, { recursive: true }) : undefined
try {
  if (process.argv.includes('--profile')) {
    printProfile({ bundle, root: tree('stock-1.20', 'profile'), directory, runs: RUNS })
  } else {
    const result = run()
    print(result)
    const kubeadm = hasKubeadm ? result.wall('kubeadm: check') : undefined
    printParsing({ project, directory, isQuick: RUNS < 9, kubeadm })
  }
} finally {
  if (madeMountPoint) rmdirSync(KUBERNETES)
  rmSync(directory, { recursive: true, force: true })
}
