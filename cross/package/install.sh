#!/bin/sh
# Installs simpang on a system without dpkg; `./install.sh --remove` takes it away and keeps configuration and queue, `./install.sh --purge` removes those too.
set -eu
# Its own user must be able to read what is installed, whatever root is used to.
umask 022
cd "$(dirname "$0")"
fail() { echo "install.sh: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "run it as root: sudo ./install.sh"
[ "$(uname -m)" = @MACHINE@ ] || fail "this is simpang for @MACHINE@, and this box is a $(uname -m): take the tarball for that"
command -v dpkg >/dev/null && dpkg-query -W -f '${db:Status-Status}' simpang 2>/dev/null | grep -qx installed && fail "simpang was installed by dpkg here: use apt install ./simpang_….deb, or apt remove simpang"

files() { (cd root && find . ! -type d); }
case ${1:-} in
  --remove | --purge)
    ./prerm remove
    files | while read -r file; do rm -f "/$file"; done
    rm -rf /usr/lib/simpang /usr/share/simpang /usr/share/doc/simpang
    ./postrm "$([ "$1" = --purge ] && echo purge || echo remove)"
    echo "simpang: removed" ;;
  '')
    newest=$(ldd --version 2>/dev/null | sed -n '1s/.* //p')
    [ "$(printf '2.34\n%s\n' "${newest:-0}" | sort -V | head -n 1)" = 2.34 ] || fail "simpang needs glibc 2.34 or later, and this system has ${newest:-another C library}"
    missing=$(ldd root/usr/lib/simpang/simpang | grep 'not found' || true)
    [ -z "$missing" ] || fail "libraries are missing; install them with this system's package manager:$missing"
    before=$(cat /usr/lib/simpang/version 2>/dev/null || true)
    ./preinst install
    # Beside each old file first, then in its place: a running program keeps the one it started from.
    files | while read -r file; do
      mkdir -p "/$(dirname "$file")"
      cp -Pp "root/$file" "/$file.new"
      chown -h 0:0 "/$file.new"
      mv -f "/$file.new" "/$file"
    done
    echo @VERSION@ >/usr/lib/simpang/version
    ./postinst configure "$before" ;;
  *) fail "there are --remove and --purge, not $1" ;;
esac
