#!/usr/bin/env bash
# The executable as its users get it: alone, away from the checkout, without Node.js, an environment or a usable /tmp.
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d -p /var/tmp)
trap 'rm -rf "$work"' EXIT

say() { printf 'executable: %s\n' "$*"; }
fail() { printf 'executable: FAILED: %s\n' "$*" >&2; exit 1; }

[[ -x $project/dist/kubepki ]] || fail "dist/kubepki does not exist: npm run build:executable"
mkdir "$work/bin" "$work/elsewhere"
cp "$project/dist/kubepki" "$work/bin/kubepki"
cp -R "$project/fixtures/nodes/stock-1.31" "$work/node"
cd "$work/elsewhere"
now=2026-12-01T00:00:00Z
kubepki() { env -i "$work/bin/kubepki" "$@"; }

say "an empty environment"
[[ $(kubepki --version) == "$(node -p "require('$project/package.json').version") (commit "*", Bun "*")" ]] || fail "--version"
kubepki certs check-expiration --root "$work/node" --now $now | grep '^apiserver  ' >/dev/null || fail "check-expiration"
kubepki certs renew all --root "$work/node" --now $now 2>/dev/null | grep '^Done renewing' >/dev/null || fail "renew"
kubepki certs rollback --root "$work/node" --now $now 2>/dev/null | grep '^restored' >/dev/null || fail "rollback"
mkdir "$work/new"
facts=(--node-name cp-1 --apiserver-advertise-address 192.0.2.10 --encryption-algorithm ECDSA-P256)
kubepki init phase certs all --root "$work/new" "${facts[@]}" 2>/dev/null | grep '"sa" key' >/dev/null || fail "init"
openssl verify -CAfile "$work/new/etc/kubernetes/pki/ca.crt" "$work/new/etc/kubernetes/pki/apiserver.crt" >/dev/null || fail "verify"
[[ $(stat -c %a "$work/new/etc/kubernetes/pki/ca.key") == 600 ]] || fail "the mode of a key"

say "what lies in the directory it is started in is nothing to it"
printf 'preload = ["./evil.js"]\n' > bunfig.toml
printf 'console.log("evil")\n' > evil.js
printf 'BUN_OPTIONS=--preload=./evil.js\n' > .env
kubepki --version | grep evil && fail "it reads files of the working directory"

say "exit codes, closed ends"
code=0; kubepki certs renew bogus --root "$work/node" 2>/dev/null || code=$?
[[ $code == 2 ]] || fail "exit code of wrong use is $code"
code=0; kubepki certs check-expiration --within 30y --root "$work/node" --now $now >/dev/null || code=$?
[[ $code == 3 ]] || fail "exit code of findings is $code"
kubepki certs check-expiration -o json --root "$work/node" --now $now 2>&1 | head -1 >/dev/null || fail "closed pipe"
kubepki certs check-expiration --root "$work/node" --now $now <&- >/dev/null || fail "closed stdin"

if unshare -m true 2>/dev/null; then
  say "a /tmp that is read-only, and one that nothing may be run from"
  for options in ro noexec; do
    unshare -m sh -c "mount -t tmpfs -o $options none /tmp && exec env -i \"\$@\"" - \
      "$work/bin/kubepki" certs renew apiserver --root "$work/node" --now $now >/dev/null 2>&1 || fail "a $options /tmp"
  done
else
  say "skipped: a /tmp that is read-only or noexec (unshare -m needs root)"
fi
say "ok: $(du -m "$work/bin/kubepki" | cut -f1) MiB"
