#!/usr/bin/env bash
# Proves that a fresh machine needs nothing but git, make and a Rust toolchain: makes a bare Debian in a folder, clones the committed state of this
# repository into it and runs a command there. Not part of `make test`; needs root, debootstrap and an hour at most.
#
#   tests/bare-root.sh [--suite bookworm|trixie] [--folder DIR] [--keep] [--] COMMAND...      default: make test
#
# The folder (default /var/tmp/simpang-bare) keeps the bare system, so the next run starts from it unchanged; the run's own copy is removed
# unless --keep. From this machine come only: the Rust toolchain (read-only), how packages are reached (apt mirror, registry settings,
# certificates, proxy variables), and nothing that was installed or downloaded for the project.
set -euo pipefail

fail() { echo "bare-root: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "chroot and mounts need root: run it as root"
# Own mounts and own processes: nothing is seen outside, and all of it is gone when this ends, however it ends.
[ -n "${SIMPANG_BARE_ROOT:-}" ] || SIMPANG_BARE_ROOT=1 exec unshare --mount --propagation private --pid --fork --kill-child "$0" "$@"
cd "$(dirname "$0")/.."

suite=bookworm folder=/var/tmp/simpang-bare keep=no
while [ $# -gt 0 ]; do
  case $1 in
    --suite) suite=$2; shift 2 ;;
    --folder) folder=$2; shift 2 ;;
    --keep) keep=yes; shift ;;
    --) shift; break ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- make test

command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
cargo_home=${CARGO_HOME:-$HOME/.cargo} rustup_home=${RUSTUP_HOME:-$HOME/.rustup}
[ -x "$cargo_home/bin/cargo" ] && [ -d "$rustup_home" ] || fail "no Rust toolchain by rustup in $cargo_home and $rustup_home"
[ -z "$(git status --porcelain)" ] || echo "bare-root: note: uncommitted changes are not in the clone" >&2

base=$folder/$suite root=$folder/$suite-run
mounts=()
clean_up() {
  local at
  for ((at = ${#mounts[@]} - 1; at >= 0; at--)); do umount -l "${mounts[at]}"; done
  if [ $keep = no ]; then rm -rf --one-file-system "$root"; else echo "bare-root: kept $root"; fi
}
trap clean_up EXIT

mirror() { apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' | awk '$2 == "Debian" && $1 !~ /security/ { print $1; exit }'; }

mkdir -p "$folder"
if [ ! -e "$base/.complete" ]; then
  echo "bare-root: making a bare $suite in $base"
  rm -rf "$base"
  debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$base" "$(mirror)" >"$folder/$suite.log" 2>&1 || fail "debootstrap failed, see $folder/$suite.log"
  # What a fresh image looks like: no package lists, no downloaded packages.
  rm -rf "$base"/var/lib/apt/lists/* "$base"/var/cache/apt/archives/*.deb
  touch "$base/.complete"
fi
rm -rf --one-file-system "$root"
cp -a "$base" "$root"

# How this machine reaches packages.
copy() { local from; for from in "$@"; do [ -e "$from" ] && mkdir -p "$root$(dirname "$from")" && cp -aL "$from" "$root$from"; done; true; }
copy /etc/resolv.conf /etc/hosts /usr/local/share/ca-certificates /etc/pip.conf /etc/npmrc
for from in .config/pip .pip .npmrc; do [ -e "$HOME/$from" ] && mkdir -p "$root/root/$(dirname "$from")" && cp -aL "$HOME/$from" "$root/root/$from"; done
find /etc/apt -maxdepth 2 -name '*proxy*' | while read -r from; do copy "$from"; done
chroot "$root" update-ca-certificates >/dev/null 2>&1 || true

# The toolchain: compilers read-only, cargo's programs and settings without its registry, so that every crate is fetched as on a new machine.
mkdir -p "$root/root/.cargo" "$root/root/.rustup"
cp -aL "$cargo_home/bin" "$root/root/.cargo/bin"
for from in config.toml config credentials.toml; do [ -e "$cargo_home/$from" ] && cp -aL "$cargo_home/$from" "$root/root/.cargo/$from"; done
mount --bind -o ro "$rustup_home" "$root/root/.rustup"; mounts+=("$root/root/.rustup")
mount -t proc proc "$root/proc"; mounts+=("$root/proc")
mount --bind /dev "$root/dev"; mounts+=("$root/dev")
mount -t tmpfs tmpfs "$root/dev/shm"; mounts+=("$root/dev/shm")
mount -t tmpfs tmpfs "$root/tmp"; mounts+=("$root/tmp")

git clone --quiet --no-local . "$root/root/simpang"
[ ! -d ../shared ] || cp -aL ../shared "$root/root/shared"

settings=()
while IFS= read -r name; do settings+=("$name=${!name}"); done < <(compgen -e | grep -iE '^(pip_|npm_config_|cargo_registr|cargo_http|.*_proxy$|no_proxy$|ssl_cert|.*ca_bundle$|node_extra_ca|git_ssl)' || true)
echo "bare-root: $suite: $*"
started=$SECONDS
chroot "$root" env -i HOME=/root USER=root LANG=C.UTF-8 TERM=dumb PATH=/root/.cargo/bin:/usr/sbin:/usr/bin:/sbin:/bin "${settings[@]}" \
  sh -c 'cd /root/simpang && exec "$@"' sh "$@" </dev/null
echo "bare-root: $suite: '$*' worked in $((SECONDS - started)) s"
