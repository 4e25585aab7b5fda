#!/usr/bin/env bash
# npm run build:deb [-- arm64]: dist/kubepki_<version>_<architecture>.deb, from the executable, which it builds first.
# The same commit makes the same package; what goes into it besides the executable is printed by kubepki itself.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
dist="$project/dist"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

stop() {
  printf 'build:deb: error: %s\n' "$1" >&2
  printf 'build:deb: hint: %s\n' "$2" >&2
  exit 1
}
for tool in dpkg-deb gzip readelf; do
  command -v $tool >/dev/null || stop "$tool is not installed" "apt-get install dpkg gzip binutils"
done

own=$(node -p process.arch)
case ${1:-$own} in
  x64 | amd64) bun=x64 architecture=amd64 ;;
  arm64) bun=arm64 architecture=arm64 ;;
  *) stop "wanted amd64 or arm64, found ${1:-$own}" "npm run build:deb -- amd64" ;;
esac
npm --prefix "$project" run --silent build:executable -- "$bun" >/dev/null
executable="$dist/kubepki"
[[ $bun == "$own" ]] || executable+="-$bun"

package() { node -p "require('$project/$1').$2"; }
version=$(package package.json version)
version=${version/-/'~'} # 1.0.0-rc.1 comes before 1.0.0
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$project" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
maintainer="The kubepki authors <kubepki@kubepki.invalid>"

# What the executable is linked with is all in libc6, of the version that its symbols need. dpkg-shlibdeps would name
# the version since when they are in the libraries of this machine.
libraries=$(readelf -dW "$executable" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
if foreign=$(grep -vE '^(lib(c|m|dl|pthread|rt)\.so|ld-linux)' <<<"$libraries"); then
  stop "the executable needs $foreign" "name its package in Depends"
fi
libc=$(readelf -VW "$executable" | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -Vu | tail -1)

tree="$work/tree"
docs="$tree/usr/share/doc/kubepki"
mkdir -p "$tree/DEBIAN" "$docs"
put() { install -D -m 644 /dev/stdin "$tree/usr/$1"; }
compressed() { gzip -9n | put "$1"; }
kubepki() { node "$dist/kubepki.cjs" "$@"; }

# Not strip(1): the program is in a section of its own behind Bun's runtime.
install -D -m 755 "$executable" "$tree/usr/bin/kubepki"
kubepki manual --now "$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)" | compressed share/man/man1/kubepki.1.gz
kubepki completion bash | put share/bash-completion/completions/kubepki
kubepki completion zsh | put share/zsh/vendor-completions/_kubepki
kubepki completion fish | put share/fish/vendor_completions.d/kubepki.fish
compressed share/doc/kubepki/README.md.gz <"$project/README.md"

{
  printf 'kubepki (%s) unstable; urgency=medium\n\n' "$version"
  awk -v version="$(package package.json version)" '
    /^## / { wanted = $2 == version; next }
    wanted && NF { isNew = sub(/^- /, ""); sub(/^ +/, ""); printf "%s%s", isNew ? "\n" : " ", $0 }
  ' "$project/CHANGELOG.md" | sed 1d | while read -r change || [[ $change ]]; do
    fold -s -w 74 <<<"$change" | sed 's/ *$//; 1s/^/  * /; 2,$s/^/    /'
  done
  printf '\n -- %s  %s\n' "$maintainer" "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | compressed share/doc/kubepki/changelog.gz

runtime=@oven/bun-linux-${bun/arm64/aarch64}
line=$(printf -- '-%.0s' {1..80})
tr -d '\r' <<EOF | put share/doc/kubepki/copyright
kubepki

$(cat "$project/LICENSE")

$line

/usr/bin/kubepki begins with the runtime of Bun $(package "node_modules/$runtime/package.json" version), unchanged, as the npm package
$runtime has it. Licence: $(package "node_modules/$runtime/package.json" license). Its source, and the licences of the
libraries that are linked into it, are in LICENSE.md of
$(package "node_modules/$runtime/package.json" repository). The one of JavaScriptCore is the LGPL-2, which is in
/usr/share/common-licenses/LGPL-2.

$line

Behind it is kubepki's own program, with these packages:

$line

$(cat "$dist/command/THIRD-PARTY-LICENSES.txt")
EOF

put share/lintian/overrides/kubepki <<'EOF'
# Bun finds the program in a section of the executable; strip(1) would take it away.
kubepki: unstripped-binary-or-object [usr/bin/kubepki]
# Bun's runtime comes as it is, linked with what it needs; the program uses no image library.
kubepki: embedded-library libjpeg [usr/bin/kubepki]
# How it is linked is Bun's choice too, and so are the words in it.
kubepki: hardening-no-pie [usr/bin/kubepki]
kubepki: hardening-no-relro [usr/bin/kubepki]
kubepki: hardening-no-bindnow [usr/bin/kubepki]
kubepki: spelling-error-in-binary * [usr/bin/kubepki]
# The licences of the bundled packages are collected word for word, the Apache licence of reflect-metadata among them.
kubepki: copyright-file-contains-full-apache-2-license
EOF

cat >"$tree/DEBIAN/control" <<EOF
Package: kubepki
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -ks --apparent-size "$tree/usr" | cut -f1)
Depends: libc6 (>= $libc)
Suggests: kubectl, openssl
Section: admin
Priority: optional
Description: certificates of a kubeadm-style Kubernetes node
 kubepki says what expires when on a Kubernetes node, renews certificates from
 the CA on the disk, makes requests where the CA is elsewhere, and makes a whole
 PKI from nothing, as kubeadm does.
 .
 It reads the node's files and nothing else, so it works when the API server is
 down because everything has expired. A job that changes files changes all of
 them or none, and every change has a backup.
EOF
(cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

deb="$dist/kubepki_${version}_$architecture.deb"
# A higher level than 1 takes minutes and saves a tenth.
dpkg-deb --root-owner-group -Zxz -z1 --build "$tree" "$deb" >/dev/null
printf '%s: %d MB\n' "$deb" $(($(stat -c %s "$deb") / 1000000))
