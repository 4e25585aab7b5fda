// npm run demo: the main job on a throwaway node made from nothing, without a cluster. Everything it makes goes away with it.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const bundle = join(import.meta.dirname, '../../dist/kubepki.cjs')
const directory = mkdtempSync(join(tmpdir(), 'kubepki-demo-'))
const daysAgo = days => new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+/, '')
const at = (node, ...path) => join(directory, node, ...path)
const shown = text => text.replaceAll(directory, '')
const started = Date.now()

let isGood = true

/** Runs kubepki and shows what the user would see; `expected`: its exit code. */
function kubepki(say, node, words, { expected = 0, show = 40, now } = {}) {
  const argv = [...words.split(' '), '--root', at(node), ...(now ? ['--now', now] : [])]
  console.log(`\n## ${say}\n$ kubepki ${shown(argv.join(' '))}`)
  const { stdout, stderr, status } = spawnSync(process.execPath, [bundle, ...argv], { encoding: 'utf8' })
  const lines = shown(stdout + stderr)
    .trimEnd()
    .split('\n')
  const more = lines.length > show ? `\n... (${lines.length - show} more lines)` : ''
  console.log(`${lines.slice(0, show).join('\n')}${more}\n(exit code ${status})`)
  if (status !== expected) {
    isGood = false
    console.log(`WRONG: expected exit code ${expected}`)
  }
  return stdout
}

const CONFIGURATION = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration: {name: cp-1}
localAPIEndpoint: {advertiseAddress: 192.0.2.10}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.34.8
controlPlaneEndpoint: api.example.test:6443
encryptionAlgorithm: ECDSA-P256
apiServer: {certSANs: [203.0.113.7]}
`

/** What the team of the CA elsewhere does: signs each request for what it asks, and returns one bundle. */
function signElsewhere({ caName, csrFile }) {
  const ca = at('elsewhere', 'etc/kubernetes/pki', caName.replace('etcd-ca', 'etcd/ca'))
  const argv = ['x509', '-req', '-copy_extensions', 'copyall', '-days', '365', '-CA', `${ca}.crt`]
  return execFileSync('openssl', [...argv, '-CAkey', `${ca}.key`, '-in', csrFile], { stdio: 'pipe' })
}

function demo() {
  for (const node of ['node', 'elsewhere', 'other']) mkdirSync(at(node))
  const config = join(directory, 'kubeadm.yaml')
  writeFileSync(config, CONFIGURATION)
  const past = { now: daysAgo(400) }
  kubepki(
    'A node from nothing, 400 days ago: its CAs, certificates and keys.',
    'node',
    `init phase certs all --config ${config}`,
    past,
  )
  kubepki('And its kubeconfigs.', 'node', `init phase kubeconfig all --config ${config}`, past)
  kubepki('Today, at 3 a.m.: the API server is down. What has expired?', 'node', 'certs check-expiration')
  kubepki(
    'For monitoring: exit code 3 when something is due.',
    'node',
    'certs check-expiration --within 30d -o json',
    {
      expected: 3,
      show: 10,
    },
  )
  kubepki('What would a renewal change? (A dry run.)', 'node', 'certs renew all --dry-run', { show: 14 })
  kubepki('Renew all of it from the CAs on the disk; no API server is asked.', 'node', 'certs renew all')
  kubepki('And now?', 'node', 'certs check-expiration --within 30d')
  kubepki('Every change has a backup.', 'node', 'certs history')
  kubepki('Undo it: every file is as it was.', 'node', 'certs rollback', { show: 4 })
  kubepki('Expired again, then; undoing the undo is one more rollback.', 'node', 'certs rollback', {
    show: 4,
  })

  kubepki("kubeadm's dates are all green. Is the node well?", 'node', 'certs verify', {
    expected: 3,
    show: 9,
  })
  rmSync(at('node', 'etc/kubernetes/kubelet.conf'))
  kubepki(
    'As it says: the old kubelet.conf away, and a new one.',
    'node',
    `init phase kubeconfig kubelet --config ${config}`,
  )
  kubepki('And now?', 'node', 'certs verify', { show: 7 })

  kubepki(
    'A company CA, elsewhere.',
    'elsewhere',
    `init phase certs ca front-proxy-ca etcd-ca --config ${config}`,
  )
  cpSync(at('elsewhere', 'etc'), at('other', 'etc'), {
    recursive: true,
    filter: path => !/\.key$|kubepki-backups/.test(path),
  })
  const out = kubepki(
    'A node that has the certificates of these CAs and none of their keys: requests, with kubeconfigs that wait for theirs.',
    'other',
    `certs generate-csr --config ${config} -o json`,
    { show: 16 },
  )
  console.log('\n## Elsewhere each is signed for what it asks (openssl x509 -req -copy_extensions copyall).')
  const answers = join(directory, 'answers.pem')
  writeFileSync(answers, Buffer.concat(JSON.parse(out).requests.map(signElsewhere)))
  kubepki(
    'What came back is matched by its keys, checked, and installed together.',
    'other',
    `certs import ${answers}`,
  )
  kubepki('Is it all good now?', 'other', `init phase certs all --config ${config}`)
  kubepki('And the kubeconfigs?', 'other', `init phase kubeconfig all --config ${config}`)
}

try {
  demo()
  process.exitCode = isGood ? 0 : 1
  console.log(
    `\n${((Date.now() - started) / 1000).toFixed(1)} s. All of it was in ${tmpdir()}; it is gone now.`,
  )
} finally {
  rmSync(directory, { recursive: true, force: true })
}
