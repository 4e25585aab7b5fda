// npm run build:executable [-- arm64]: the command as one file that needs no Node.js, made from the bundle by Bun.
// Nothing is downloaded: Bun is an npm package, and the executable begins as a copy of it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const project = join(import.meta.dirname, '..')
const PACKAGES = { x64: '@oven/bun-linux-x64', arm64: '@oven/bun-linux-aarch64' }

function stop(found, hint) {
  console.error(`build:executable: error: ${found}`)
  if (hint) console.error(`build:executable: hint: ${hint}`)
  process.exit(1)
}

function bunOf(architecture) {
  const name = PACKAGES[architecture]
  if (!name) stop(`wanted one of ${Object.keys(PACKAGES).join(', ')}, found ${architecture}`)
  const own = architecture === process.arch
  const modules = join(project, 'node_modules')
  // Where scripts may run at installation, that of this machine has been moved.
  const places = [join(modules, name, 'bin/bun'), ...(own ? [join(modules, 'bun/bin/bun.exe')] : [])]
  const path = places.find(place => existsSync(place))
  if (path) return path
  const { devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  return stop(
    `${name} is not installed`,
    own ? 'npm ci installs it' : `npm install --no-save --force ${name}@${devDependencies.bun}`,
  )
}

if (process.platform !== 'linux') {
  stop(`wanted Linux, found ${process.platform}`, 'the bundle dist/kubepki.cjs runs wherever Node.js does')
}
const bundle = join(project, 'dist/kubepki.cjs')
if (!existsSync(bundle)) stop('dist/kubepki.cjs does not exist', 'npm run build')

const [architecture = process.arch] = process.argv.slice(2)
const outfile = join(project, 'dist', architecture === process.arch ? 'kubepki' : `kubepki-${architecture}`)
const { status, stdout, stderr } = spawnSync(
  bunOf(process.arch),
  [
    ...['build', '--compile', '--minify', '--bytecode', `--compile-executable-path=${bunOf(architecture)}`],
    // What lies in the directory it is started in is nothing to it.
    ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
    ...[bundle, '--outfile', outfile],
  ],
  { encoding: 'utf8' },
)
if (status !== 0) stop(`bun: ${stderr || stdout}`)
console.log(`${outfile}: ${(statSync(outfile).size / 1e6).toFixed(0)} MB`)
