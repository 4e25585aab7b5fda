#!/usr/bin/env bash
# The package as its users get it: packed, installed elsewhere, run from elsewhere, imported, type-checked.
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf 'package: %s\n' "$*"; }
fail() { printf 'package: FAILED: %s\n' "$*" >&2; exit 1; }

say "packing"
(cd "$project" && npm pack --silent --pack-destination "$work" >/dev/null)
mkdir "$work/elsewhere" && cd "$work/elsewhere"
npm init --yes >/dev/null 2>&1
npm install --silent --offline --no-audit --no-fund "$work"/kubepki-*.tgz
grep -q '^yargs ' node_modules/kubepki/dist/command/THIRD-PARTY-LICENSES.txt || fail "licences"

say "the command"
cp -R "$project/fixtures/nodes/stock-1.31" "$work/node"
kubepki="$work/elsewhere/node_modules/.bin/kubepki"
now=2026-12-01T00:00:00Z
[[ $("$kubepki" --version) == "$(node -p "require('$project/package.json').version") (commit "*", Node.js "*")" ]] || fail "--version"
"$kubepki" certs check-expiration --root "$work/node" --now $now | grep '^apiserver  ' >/dev/null || fail "check-expiration"
"$kubepki" certs renew all --root "$work/node" --now $now | grep '^Done renewing' >/dev/null || fail "renew"
"$kubepki" certs renew all --csr-only --root "$work/node" --now $now 2>/dev/null | grep 'apiserver.csr$' >/dev/null || fail "renew --csr-only"
"$kubepki" certs check-expiration --root "$work/node" --now $now -o json | node -e '
  const { certificates } = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
  process.exit(certificates.every(({ expirationDate }) => expirationDate === "2027-12-01T00:00:00Z") ? 0 : 1)' || fail "renewed dates"
"$kubepki" certs check-expiration --root "$work/node" --now $now -v 2>/dev/null | head -1 >/dev/null || fail "closed pipe"
code=0; "$kubepki" certs renew bogus --root "$work/node" 2>/dev/null || code=$?
[[ $code == 2 ]] || fail "exit code of wrong use is $code"

mkdir "$work/new"
facts=(--node-name cp-1 --apiserver-advertise-address 192.0.2.10 --encryption-algorithm ECDSA-P256)
"$kubepki" init phase certs all --root "$work/new" "${facts[@]}" 2>/dev/null | grep '"sa" key' >/dev/null || fail "init"
"$kubepki" init phase kubeconfig all --root "$work/new" "${facts[@]}" 2>/dev/null | grep 'scheduler.conf' >/dev/null || fail "init"
"$kubepki" completion bash | bash -n || fail "completion"

say "the library"
cat > library.mts <<EOF
import { checkExpiration, type ExpirationReport, manifestSource, PkiError, readPolicy, type Vetted, vetRequests } from 'kubepki'
const report: ExpirationReport = checkExpiration({ root: '$work/node', now: new Date('$now') })
const error: PkiError | undefined = undefined
console.log(report.certificates.length, error)
const source = manifestSource({ from: 'requests', onStray: message => console.log(message) })
const vetted: AsyncIterable<Vetted> = vetRequests({ source, policy: readPolicy('kubelet'), now: new Date('$now') })
for await (const { csr, verdict } of vetted) console.log(csr.name, verdict.outcome, verdict.rules.length)
EOF
[[ $(node -e "import('kubepki').then(({ checkExpiration }) =>
  console.log(checkExpiration({ root: '$work/node', now: new Date('$now') }).certificates.length))") == 11 ]] || fail "import"
"$project/node_modules/.bin/tsc" --noEmit --strict --module nodenext --target es2023 --typeRoots "$project/node_modules/@types" --types node library.mts || fail "types"

say "reading loads nothing that issues"
cat > loaded.cjs <<'EOF'
process.on('exit', () => {
  const loaded = Object.keys(require.cache).map(file => require('node:path').basename(file))
  if (loaded.some(file => /^(provider|issue|request|renew)/.test(file))) process.exitCode = 9
})
require("./node_modules/kubepki/dist/kubepki.cjs")
EOF
node loaded.cjs certs check-expiration --root "$work/node" --now $now >/dev/null || fail "check-expiration loads what issues"
code=0; node loaded.cjs certs renew apiserver --root "$work/node" --now $now >/dev/null 2>&1 || code=$?
[[ $code == 9 ]] || fail "renew does not load what issues: this check sees nothing"
say "ok: $(ls "$work"/kubepki-*.tgz | xargs -n1 basename), $(du -k "$work"/kubepki-*.tgz | cut -f1) KiB"
