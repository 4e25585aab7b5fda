// npm run demo: the main job on a throwaway copy of a node, without a cluster. Everything it makes goes away with it.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const project = join(import.meta.dirname, '../..')
const directory = mkdtempSync(join(tmpdir(), 'kubepki-demo-'))
const NOW = '2026-12-01T00:00:00Z'

const STEPS = [
  {
    node: 'expired',
    say: 'A control plane at 3 a.m.: everything expired half a year ago. What exactly?',
    run: ['check-expiration'],
  },
  {
    node: 'expired',
    say: 'For monitoring: exit code 3 when something is due within 30 days.',
    run: ['check-expiration', '--within', '30d', '-o', 'yaml'],
    show: 12,
  },
  {
    node: 'expired',
    say: 'What would a renewal change? (A dry run.)',
    run: ['renew', 'all', '--dry-run'],
    show: 14,
  },
  {
    node: 'expired',
    say: 'Renew all of it from the CAs on the disk; no API server is asked.',
    run: ['renew', 'all'],
  },
  { node: 'expired', say: 'And now?', run: ['check-expiration', '--within', '30d'] },
  {
    node: 'expired',
    say: 'For a timer: renew what is due. Nothing is.',
    run: ['renew', 'all', '--within', '30d'],
  },
  { node: 'expired', say: 'Every change has a backup.', run: ['history'] },
  { node: 'expired', say: 'Undo it: every file is as it was.', run: ['rollback'], show: 4 },
  {
    node: 'expired',
    say: 'Expired again, then; and undoing the undo is one more rollback.',
    run: ['rollback'],
    show: 4,
  },
  {
    node: 'external-ca',
    say: 'Another node, whose cluster CA is elsewhere: etcd is renewed, for the rest there are requests to sign.',
    run: ['renew', 'all'],
  },
  {
    node: 'kubespray',
    say: 'Kubespray keeps its files in /etc/kubernetes/ssl: found in the manifests.',
    run: ['check-expiration', '-v'],
    show: 13,
  },
]

/** The copy's long path is shown as <node>. */
function runStep({ node, say, run, show = 40 }) {
  const root = join(directory, node)
  const argv = ['certs', ...run, '--root', root, '--now', NOW]
  const shown = text => text.replaceAll(root, '<node>')
  console.log(`\n## ${say}\n$ kubepki ${shown(argv.join(' '))}`)
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(project, 'dist/kubepki.cjs'), ...argv],
    { encoding: 'utf8' },
  )
  const lines = shown(stdout + stderr)
    .trimEnd()
    .split('\n')
  console.log(
    lines.slice(0, show).join('\n') +
      (lines.length > show ? `\n... (${lines.length - show} more lines)` : ''),
  )
  console.log(`(exit code ${status})`)
  return status
}

try {
  for (const node of new Set(STEPS.map(step => step.node))) {
    cpSync(join(project, 'fixtures/nodes', node), join(directory, node), {
      recursive: true,
      verbatimSymlinks: true,
    })
  }
  const codes = STEPS.map(runStep)
  const expected = [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  process.exitCode = codes.every((code, index) => code === expected[index]) ? 0 : 1
  console.log(`\nAll of it was in a copy under ${tmpdir()}; it is gone now.`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
