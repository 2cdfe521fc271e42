#!/bin/sh
# The one entry for people and machines: sets up, runs, tests and builds Spareband.
#
#   ./build.sh setup          Bun and the packages, from the npm registry
#   ./build.sh start [args]   setup, then `spareband dev`
#   ./build.sh test [parts]   setup, Debian's test tools where they may be installed, then the tests
#   ./build.sh [all]          executables for every target and .deb packages, into dist/
#   ./build.sh executables    only the executables; ./build.sh executables linux-x64: only that one
#
# Needs Node 20 with npm, or Bun. Honoured: SOURCE_DATE_EPOCH, SPAREBAND_COMMIT (outside of git),
# SPAREBAND_DIST (instead of dist), SPAREBAND_XZ_LEVEL (of the packages; or none), SPAREBAND_APT=no.
set -eu
cd "$(dirname "$0")"
# tc, nft and their like live where an ordinary user's PATH does not look.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

BUN_VERSION=1.4.5
targets="linux-arm64 linux-arm64-musl linux-x64"
dist=${SPAREBAND_DIST:-dist}

say() { printf '%s\n' "$*"; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 69; }

# True when the program is a Bun that is at least as new as the one this project is tested with.
new_enough() {
  found=$("$1" --version 2>/dev/null) || return 1
  oldest=$(printf '%s\n%s\n' "$BUN_VERSION" "$found" | sort -t . -k1,1n -k2,2n -k3,3n | head -n 1)
  [ "$oldest" = "$BUN_VERSION" ]
}

# `bun run start` tells its own path in npm_execpath; npm tells its own there.
find_bun() {
  for candidate in node_modules/.bin/bun "${npm_execpath:-}" bun; do
    case $candidate in *bun | *bun.exe) ;; *) continue ;; esac
    if new_enough "$candidate"; then bun=$candidate; return 0; fi
  done
  return 1
}

setup() {
  # A HOME that cannot be written (a service account, a bare container) must not stop npm.
  if ! { [ -n "${HOME:-}" ] && [ -d "$HOME" ] && [ -w "$HOME" ]; }; then
    export HOME="$PWD/node_modules/.cache/home" npm_config_cache="$PWD/node_modules/.cache/npm"
    mkdir -p "$HOME"
  fi
  stamp=$(cksum <bun.lock)
  if [ "$(cat node_modules/.spareband-setup 2>/dev/null)" = "$stamp" ] && find_bun; then return; fi
  if find_bun; then
    say "setup: installing packages with Bun $("$bun" --version)"
    quietly "$bun" install --frozen-lockfile
  elif command -v npx >/dev/null; then
    say "setup: bringing Bun $BUN_VERSION and the packages from the npm registry"
    quietly npx --yes "bun@$BUN_VERSION" install --frozen-lockfile
  else
    fail "neither Bun $BUN_VERSION nor npx is on PATH; install Node 20 with npm, or Bun, and try again."
  fi
  find_bun || fail "Bun $BUN_VERSION was installed but does not run here ($(uname -sm)); it needs 64-bit Linux."
  printf '%s' "$stamp" >node_modules/.spareband-setup
  say "setup: Bun $("$bun" --version) is ready"
}

# Runs a command whose output only matters when it fails.
quietly() {
  if ! output=$("$@" 2>&1 </dev/null); then
    printf '%s\n' "$output" >&2
    fail "'$*' failed; the lines above say why."
  fi
}

# What the tests want from Debian, as command:package. A test whose tool is missing says so and is skipped.
test_tools="tc:iproute2 nft:nftables qemu-aarch64-static:qemu-user-static ffmpeg:ffmpeg
mosquitto:mosquitto aria2c:aria2 curl:curl systemd-analyze:systemd iperf3:iperf3 cc:gcc
chromium:chromium mpv:mpv miniupnpd:miniupnpd upnpc:miniupnpc ethtool:ethtool ping:iputils-ping faketime:faketime wrk:wrk /usr/share/doc/libc6-dev/copyright:libc6-dev
/usr/aarch64-linux-gnu/lib/libstdc++.so.6:libstdc++6-arm64-cross"

debian_packages() {
  [ "${SPAREBAND_APT:-yes}" = yes ] || return 0
  missing=
  for tool in $test_tools; do
    command -v "${tool%%:*}" >/dev/null || [ -e "${tool%%:*}" ] || missing="$missing ${tool##*:}"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say "test: not installing$missing (needs root and apt-get); tests that want them are skipped and counted"
    return 0
  fi
  say "test: installing$missing"
  hold_services
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1 || say "test: the Debian package lists could not be refreshed"
  # One package that a release does not have must not cost the others.
  # shellcheck disable=SC2086
  apt-get install -qq --no-install-recommends $missing >/dev/null 2>&1 || for package in $missing; do
    apt-get install -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
      say "test: Debian package $package could not be installed; tests that want it are skipped"
  done
  release_services
}

# Debian starts a service when its package arrives; a test run has no business doing that.
hold_services() {
  held=
  [ -e /usr/sbin/policy-rc.d ] && return
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  held=yes
  trap release_services EXIT
}
release_services() { if [ -n "$held" ]; then rm -f /usr/sbin/policy-rc.d; held=; fi; }

# The same source gives the same bytes: every date is the commit's, or SOURCE_DATE_EPOCH.
identify() {
  version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
  commit=${SPAREBAND_COMMIT:-$(git describe --always --dirty --exclude '*' 2>/dev/null || say unknown)}
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || say 0)}
  export SOURCE_DATE_EPOCH
}

# The condition picks the SQLite addon of the target (package.json, "imports"). A module's __dirname
# would be this machine's: worth nothing on a box, and different bytes for each place of building.
executable() {
  out="$dist/spareband-$1"
  say "build: $out"
  quietly "$bun" build agent/main.ts --compile --target="bun-$1" --conditions="$1" --outfile="$out" \
    --format=esm --bytecode --minify-syntax --minify-whitespace --keep-names \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
    --define '__dirname="/"' --define "SPAREBAND_COMMIT=\"$commit\""
}

package() {
  command -v dpkg-deb >/dev/null || { say "build: no dpkg-deb here, so no .deb for $2"; return 0; }
  deb="$dist/spareband_${version}_$2.deb"
  say "build: $deb"
  SPAREBAND_VERSION=$version sh systemd/debian/package.sh "$dist/spareband-$1" "$2" "$deb"
}

build() {
  setup
  identify
  mkdir -p "$dist"
  for target in $1; do executable "$target"; done
}

packages() {
  identify
  package linux-arm64 arm64
  package linux-x64 amd64
}

all() {
  build "$targets"
  packages
  say
  say "       bytes  sha256"
  (cd "$dist" && for file in spareband-* spareband_*.deb; do
    [ -f "$file" ] || continue
    printf '%12d  %s  %s\n' "$(wc -c <"$file")" "$(sha256sum "$file" | cut -c1-64)" "$file"
  done)
}

action=${1:-all}
[ $# -gt 0 ] && shift
case $action in
setup) setup ;;
start)
  setup
  # The program would take them for settings of its own and warn.
  unset SPAREBAND_APT SPAREBAND_COMMIT SPAREBAND_DIST SPAREBAND_XZ_LEVEL
  exec "$bun" agent/main.ts dev "$@"
  ;;
test)
  setup
  debian_packages
  exec "$bun" test/run.ts "$@"
  ;;
executables) build "${*:-$targets}" ;;
packages) packages ;;
all) all ;;
*) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
