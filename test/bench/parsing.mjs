// Certificates read per second: kubepki's report of many nodes in one process, openssl once a file, kubeadm once a node.
import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'

/** Of a stock node: 10 leaves and 3 CAs in files and kubeconfigs, and the kubelet's. */
const PER_TREE = 14

const READ = `
  const { checkExpiration } = await import(process.argv[1])
  const [, , root, times] = process.argv
  const started = performance.now()
  let count = 0
  for (let time = 0; time < Number(times); time += 1) {
    const report = checkExpiration({ root: root + '/' + time, now: new Date() })
    count += report.certificates.length + report.certificateAuthorities.length
  }
  console.log(JSON.stringify({ count, seconds: (performance.now() - started) / 1000 }))`

/** `kubeadm`: milliseconds that it takes for a node, where it was measured. */
export function printParsing({ project, directory, isQuick, kubeadm }) {
  const nodes = join(directory, 'nodes')
  const trees = isQuick ? 50 : 10_000 / PER_TREE
  for (let tree = 0; tree < trees; tree += 1) {
    cpSync(join(project, 'fixtures/nodes/stock-1.20'), join(nodes, String(tree)), {
      recursive: true,
      verbatimSymlinks: true,
    })
  }
  const argv = [
    '--input-type=module',
    '-e',
    READ,
    join(project, 'dist/index.js'),
    nodes,
    String(Math.floor(trees)),
  ]
  const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  if (stderr) throw new Error(stderr)
  const { count, seconds } = JSON.parse(stdout)
  const file = join(nodes, '0/etc/kubernetes/pki/apiserver.crt')
  const started = process.hrtime.bigint()
  const times = 50
  for (let time = 0; time < times; time += 1)
    spawnSync('openssl', ['x509', '-noout', '-enddate', '-in', file])
  const openssl = times / (Number(process.hrtime.bigint() - started) / 1e9)
  console.log('\n| certificates read | a second |\n|---|---|')
  console.log(
    `| kubepki, reports of ${Math.floor(trees)} nodes in one process (${count} certificates) | ${(count / seconds).toFixed(0)} |`,
  )
  console.log(`| openssl x509, once a file | ${openssl.toFixed(0)} |`)
  if (kubeadm === undefined) return
  const perNode = count / Math.floor(trees)
  console.log(`| kubeadm, once a node of ${perNode} | ${((perNode * 1000) / kubeadm).toFixed(0)} |`)
}
