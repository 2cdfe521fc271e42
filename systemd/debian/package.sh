#!/bin/sh
# package.sh EXECUTABLE ARCHITECTURE OUT.deb: packs an executable that build.sh made, with its units.
# Same input and SOURCE_DATE_EPOCH, same bytes: no debhelper, fixed owners, fixed times, sorted sums.
set -eu
executable=$1 architecture=$2 out=$3
here=$(dirname "$0")
: "${SPAREBAND_VERSION:?is set by build.sh}" "${SOURCE_DATE_EPOCH:?is set by build.sh}"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
chmod 755 "$root"

put() { install -D -m "$1" "$2" "$root$3"; }
put 755 "$executable" /usr/bin/spareband
put 755 "$here/../boot-check" /usr/lib/spareband/boot-check
for unit in spareband-box spareband-coordinator spareband-boot-check; do
  put 644 "$here/../$unit.service" "/usr/lib/systemd/system/$unit.service"
done
put 644 "$here/../60-spareband.preset" /usr/lib/systemd/system-preset/60-spareband.preset
put 644 "$here/../spareband.sysusers" /usr/lib/sysusers.d/spareband.conf
put 644 "$here/../spareband.tmpfiles" /usr/lib/tmpfiles.d/spareband.conf
put 644 "$here/../spareband.toml" /usr/share/spareband/spareband.toml
put 644 "$here/../spareband.override.toml" /etc/spareband/spareband.toml
for file in spareband.conf spareband.acl; do
  put 644 "$here/../../agent/reporting/mosquitto/$file" "/usr/share/spareband/mosquitto/$file"
done
put 644 "$here/../../README.md" /usr/share/doc/spareband/README.md
for file in "$here"/../../docs/*.md "$here"/../../docs/*.svg; do
  put 644 "$file" "/usr/share/doc/spareband/docs/${file##*/}"
done
put 644 "$here/../../LICENSE" /usr/share/doc/spareband/copyright
# The title that `spareband dev` shows.
(cd "$here/../../test/fixtures/titles" && find meadow -type f) | while read -r file; do
  put 644 "$here/../../test/fixtures/titles/$file" "/usr/share/spareband/titles/$file"
done

for script in postinst prerm postrm; do put 755 "$here/$script" "/DEBIAN/$script"; done
echo /etc/spareband/spareband.toml >"$root/DEBIAN/conffiles"
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
cat >"$root/DEBIAN/control" <<EOF
Package: spareband
Version: $SPAREBAND_VERSION
Architecture: $architecture
Maintainer: The Spareband authors <spareband@example.org>
Installed-Size: $(du -k -s --apparent-size "$root/usr" | cut -f1)
Depends: libc6 (>= 2.34), libstdc++6 (>= 11), libgcc-s1
Recommends: iproute2, nftables
Suggests: mosquitto
Section: net
Priority: optional
Description: lends the idle part of a household's broadband
 A set-top box caches video and music, serves it to other boxes and viewers
 from the bandwidth that nobody at home needs at that moment, proves what it
 served with receipts that the receiving side signed, and is paid in tokens.
 .
 The box's daemon starts with the system and shares nothing until the household
 agrees. The coordinator is in the same executable and is not started.
EOF
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
# Tests pack without compression, which is nearly all of the time.
if [ "${SPAREBAND_XZ_LEVEL:-6}" = none ]; then set -- -Znone; else set -- -Zxz -z"${SPAREBAND_XZ_LEVEL:-6}"; fi
dpkg-deb --root-owner-group --threads-max=2 "$@" --build "$root" "$out" >/dev/null
