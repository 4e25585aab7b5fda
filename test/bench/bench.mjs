// npm run bench: medians of interleaved runs and their ratios within this run; never an assertion on time.
// With $KUBEBUILDER_ASSETS, root and unshare it also runs the real kubeadm on the same tree.
import { spawnSync } from 'node:child_process'
import { accessSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'

const RUNS = Number(process.env.RUNS ?? 11)
const project = join(import.meta.dirname, '../..')
const bundle = join(project, 'dist/kubepki.cjs')
const kubeadm = join(process.env.KUBEBUILDER_ASSETS ?? '', 'kubeadm')
const directory = mkdtempSync(join(tmpdir(), 'kubepki-bench-'))

function exists(path) {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
const hasKubeadm = process.env.KUBEBUILDER_ASSETS !== undefined && exists(kubeadm) && process.getuid?.() === 0

function tree(name) {
  const root = join(directory, name)
  cpSync(join(project, 'fixtures/nodes', name), root, { recursive: true, verbatimSymlinks: true })
  return root
}

/** kubeadm reads /etc/kubernetes alone: it gets the tree there, in a mount namespace of its own. */
function inNamespace(root, ...args) {
  const mount = 'mount --bind "$0" /etc/kubernetes && exec "$@"'
  return ['unshare', '-m', 'sh', '-c', mount, join(root, 'etc/kubernetes'), ...args]
}

const root = tree('stock-1.20')
const forKubeadm = `${root}-kubeadm`
cpSync(root, forKubeadm, { recursive: true, verbatimSymlinks: true })
const config = join(root, 'kubeadm.yaml')
/** The mount point; taken away again when it was not there. */
const madeMountPoint = hasKubeadm ? mkdirSync('/etc/kubernetes', { recursive: true }) : undefined

const COMMANDS = {
  'node -e 0': [process.execPath, '-e', '0'],
  'kubepki --version': [process.execPath, bundle, '--version'],
  'kubepki check': [process.execPath, bundle, 'certs', 'check-expiration', '--root', root],
  'kubepki renew': [process.execPath, bundle, 'certs', 'renew', 'all', '--root', root],
  ...(hasKubeadm && {
    'namespace alone': inNamespace(forKubeadm, 'true'),
    'kubeadm check': inNamespace(forKubeadm, kubeadm, 'certs', 'check-expiration', '--config', config),
    'kubeadm renew': inNamespace(forKubeadm, kubeadm, 'certs', 'renew', 'all', '--config', config),
  }),
}

/** Wall time in milliseconds and peak memory in MiB, as GNU time tells them. */
function measure([command, ...args]) {
  const report = join(directory, 'time')
  const timed = exists('/usr/bin/time')
    ? ['/usr/bin/time', '-f', '%M', '-o', report, command, ...args]
    : [command, ...args]
  const started = process.hrtime.bigint()
  const { status, stderr } = spawnSync(timed[0], timed.slice(1), { encoding: 'utf8' })
  const wall = Number(process.hrtime.bigint() - started) / 1e6
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} exits with ${status}: ${stderr}`)
  return {
    wall,
    memory: exists(report)
      ? Number(readFileSync(report, 'utf8').trim().split('\n').at(-1)) / 1024
      : Number.NaN,
  }
}

const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]

try {
  const samples = Object.fromEntries(Object.keys(COMMANDS).map(name => [name, []]))
  for (let run = 0; run <= RUNS; run += 1) {
    for (const [name, command] of Object.entries(COMMANDS)) {
      const sample = measure(command)
      if (run > 0) samples[name].push(sample)
    }
  }
  const wall = name => median(samples[name].map(sample => sample.wall))
  const memory = name => median(samples[name].map(sample => sample.memory))
  const namespace = hasKubeadm ? wall('namespace alone') : 0
  const net = name => (name.startsWith('kubeadm') ? wall(name) - namespace : wall(name))

  console.log(
    `\n${cpus().length} x ${cpus()[0].model}, Node ${process.version}, median of ${RUNS} interleaved runs\n`,
  )
  console.log('| command | wall | peak memory |\n|---|---|---|')
  for (const name of Object.keys(COMMANDS))
    console.log(`| ${name} | ${net(name).toFixed(0)} ms | ${memory(name).toFixed(0)} MiB |`)

  const ratio = (what, one, other, goal, of = net) => [what, other, (of(one) / of(other)).toFixed(2), goal]
  const ratios = [
    ratio('certs check-expiration', 'kubepki check', 'node -e 0', '1.8'),
    ...(hasKubeadm
      ? [
          ratio('certs check-expiration', 'kubepki check', 'kubeadm check', 'printed'),
          ratio('certs renew all, RSA-2048', 'kubepki renew', 'kubeadm renew', '0.75'),
          ratio('peak memory, check', 'kubepki check', 'kubeadm check', '2', memory),
        ]
      : []),
  ]
  console.log('\n| work | against | ratio | goal, at most |\n|---|---|---|---|')
  for (const row of ratios) console.log(`| ${row.join(' | ')} |`)
  if (!hasKubeadm) console.log('\nkubeadm not measured: needs root, unshare and $KUBEBUILDER_ASSETS')
} finally {
  if (madeMountPoint) rmdirSync('/etc/kubernetes')
  rmSync(directory, { recursive: true, force: true })
}
