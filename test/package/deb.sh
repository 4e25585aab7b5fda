#!/usr/bin/env bash
# The Debian package as an administrator meets it: built, judged by lintian, installed, used, upgraded, removed.
# As root, on a Debian without kubepki; afterwards it is without it again.
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
isInstalled=false
clean() {
  if $isInstalled; then dpkg --purge kubepki >/dev/null || true; fi
  rm -rf "$work"
}
trap clean EXIT

say() { printf 'deb: %s\n' "$*"; }
fail() { printf 'deb: FAILED: %s\n' "$*" >&2; exit 1; }

((EUID == 0)) || fail "this installs packages, and wants root"
! dpkg-query -W kubepki >/dev/null 2>&1 || fail "kubepki is installed here: this would remove it"
export DEBIAN_FRONTEND=noninteractive
if ! command -v lintian >/dev/null; then
  apt-get -qq update && apt-get -qq install -y --no-install-recommends lintian >/dev/null
fi

say "building, twice: the same package"
architecture=$(dpkg --print-architecture)
npm --prefix "$project" run --silent build:deb
cp "$project"/dist/kubepki_*_"$architecture".deb "$work"
deb=$(echo "$work"/kubepki_*.deb)
npm --prefix "$project" run --silent build:deb >/dev/null
cmp "$deb" "$project/dist/${deb##*/}" || fail "two builds differ"
version=$(node -p "require('$project/package.json').version")

say "lintian"
lintian --allow-root --fail-on error,warning "$deb" || fail "lintian"

paths=$(dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's/^\.//; s/\/$//' | grep .)
there() { while read -r path; do if [[ -e $path ]]; then echo "$path"; fi; done <<<"$paths"; }
before=$(there)

say "installing"
isInstalled=true
dpkg -i "$deb" >/dev/null

# With nothing of the environment and no PATH: no Node.js, no shell.
kubepki() { env -i PATH=/nowhere /usr/bin/kubepki "$@"; }
works() {
  [[ $(dpkg-query -W -f '${db:Status-Abbrev} ${Version}' kubepki) == "ii  $1" ]] || fail "not installed as $1"
  [[ -z $(dpkg --verify kubepki) ]] || fail "files are not what was packed"
  [[ $(kubepki --version) == "$version (commit "*", Bun "*")" ]] || fail "--version"
  (cd "$project" && kubepki certs check-expiration --root fixtures/nodes/stock-1.31 --now 2026-12-01T00:00:00Z) |
    grep '^apiserver  ' >/dev/null || fail "check-expiration"
}
works "${version/-/'~'}"
[[ $(stat -c '%U %G %a' /usr/bin/kubepki) == "root root 755" ]] || fail "owner and mode"

say "renewing with it"
cp -R "$project/fixtures/nodes/stock-1.31" "$work/node"
env -i PATH=/usr/bin:/bin /usr/bin/kubepki certs renew all --root "$work/node" --now 2026-12-01T00:00:00Z 2>/dev/null |
  grep '^Done renewing' >/dev/null || fail "renew"

say "manual page"
if command -v man >/dev/null; then
  page=$(MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings kubepki 2>"$work/warnings")
  [[ ! -s $work/warnings ]] || fail "$(cat "$work/warnings")"
  grep 'kubepki certs renew all | NAME' <<<"$page" >/dev/null || fail "the manual page has no commands"
  whatis kubepki >/dev/null 2>&1 || fail "whatis does not know it"
else
  say "not shown: man-db is not installed"
fi

say "completion"
# shellcheck disable=SC2016
completed=$(bash --norc -c 'source /usr/share/bash-completion/completions/kubepki
  COMP_WORDS=(kubepki certs ren) COMP_CWORD=2; _kubepki; echo "${COMPREPLY[*]}"')
[[ $completed == renew ]] || fail "bash completes ${completed:-nothing}"
if command -v zsh >/dev/null; then
  # shellcheck disable=SC2016
  [[ $(zsh -fc 'autoload -Uz compinit; compinit -D -u; echo $_comps[kubepki]') == _kubepki ]] || fail "zsh does not find it"
else
  say "not by zsh: it is not installed"
fi
if command -v fish >/dev/null; then
  [[ $(HOME="$work" fish -c 'complete -C "kubepki certs ren"') == renew ]] || fail "fish does not find it"
else
  say "not by fish: it is not installed"
fi

say "upgrading"
next="${version/-/'~'}+1"
dpkg-deb --raw-extract "$deb" "$work/next"
sed -i "s/^Version: .*/Version: $next/" "$work/next/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$work/next" "$work/next.deb" >/dev/null
dpkg -i "$work/next.deb" >/dev/null
works "$next"

say "removing"
dpkg --remove kubepki >/dev/null
[[ ! -e /usr/bin/kubepki ]] || fail "the executable is still there"
dpkg --purge kubepki >/dev/null 2>&1 || true
isInstalled=false
! dpkg-query -W kubepki >/dev/null 2>&1 || fail "dpkg still knows it"
[[ $(there) == "$before" ]] || fail "left behind: $(comm -13 <(sort <<<"$before") <(there | sort))"
say "ok: ${deb##*/}, $(($(stat -c %s "$deb") / 1000000)) MB"
