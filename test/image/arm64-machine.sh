#!/bin/sh
# Boots Debian's arm64 kernel in an emulated machine with the arm64 executable, and runs there what
# an emulated processor alone cannot show: the kernel's queues, its marking and its pacing under our
# foreign calls, and the whole chain. What it needs comes from Debian by apt, into FOLDER only.
#
#   test/image/arm64-machine.sh FOLDER EXECUTABLE       # 100 MB of downloads, 5 minutes, no root
#
# Needs qemu-system-aarch64, cpio, depmod and npm. The machine has no network but its own.
set -eu
[ $# = 2 ] || { sed -n '/^#   test/s/^# *//p' "$0" >&2; exit 64; }
for program in qemu-system-aarch64 cpio depmod apt-get dpkg-deb npm; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null ||
    { echo "arm64-machine: $program is missing; apt install qemu-system-arm cpio kmod npm" >&2; exit 69; }
done
repository=$(cd "$(dirname "$0")/../.." && pwd)
executable=$(realpath "$2")
mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial" "$1/debs"
folder=$(realpath "$1")
root=$folder/root
rm -rf "$root"
mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/repository/node_modules"

# apt with a state of its own, so that this machine's packages stay what they are
cat >"$folder/apt.conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "";
Dir::State "$folder/state";
Dir::Cache "$folder/cache";
Dir::State::status "$folder/state/status";
CONF
: >"$folder/state/status"
export APT_CONFIG="$folder/apt.conf"
cd "$folder/debs"
if [ -z "$(ls)" ]; then
  apt-get update -qq
  kernel=$(apt-cache depends linux-image-arm64 | sed -n 's/.*Depends: //p' | head -n 1)
  packages="iproute2 nftables kmod busybox-static libstdc++6 libc6"
  libraries=$(apt-get install -s --no-install-recommends $packages | sed -n 's/^Inst \([^ ]*\).*/\1/p')
  apt-get download -qq "$kernel-unsigned" $libraries
fi
for deb in *.deb; do
  case $deb in
    linux-image*) rm -rf "$folder/kernel"; dpkg-deb -x "$deb" "$folder/kernel" ;;
    *) dpkg-deb -x "$deb" "$root" ;;
  esac
done

version=$(ls "$folder/kernel/lib/modules")
from=$folder/kernel/lib/modules/$version
to=$root/lib/modules/$version
mkdir -p "$to/kernel/drivers/net"
cp "$from"/modules.* "$to"
for part in core ipv4 ipv6 netfilter sched; do
  mkdir -p "$to/kernel/net"
  cp -r "$from/kernel/net/$part" "$to/kernel/net/"
done
cp -r "$from/kernel/lib" "$from/kernel/crypto" "$to/kernel/"
cp "$from"/kernel/drivers/net/*.ko "$to/kernel/drivers/net/"
PATH="$PATH:/usr/sbin:/sbin" depmod -b "$root" "$version"

bun=@oven/bun-linux-aarch64
(cd "$folder" && tar xzf "$(npm pack --silent "$bun@$(sed -n 's/^BUN_VERSION=//p' "$repository/build.sh")")")
cp "$folder/package/bin/bun" "$root/usr/bin/bun"
cp "$executable" "$root/usr/bin/spareband"
cd "$repository"
cp -r agent hardware test package.json tsconfig.json bunfig.toml "$root/repository"
for package in fast-check pure-rand valibot cborg tweetnacl systeminformation; do
  cp -r "node_modules/$package" "$root/repository/node_modules/"
done

cat >"$root/init" <<'INIT'
#!/bin/busybox sh
for name in sh mount mkdir modprobe poweroff cat env sysctl uname sleep kill; do
  /bin/busybox ln -sf /bin/busybox "/bin/$name"
done
export PATH=/usr/sbin:/sbin:/usr/bin:/bin HOME=/root
mkdir -p /root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mkdir -p /run /dev/pts
mount -t tmpfs run /run
mount -t devpts pts /dev/pts
ip link set lo up
uname -a
spareband --version
spareband doctor
cd /repository
# what is emulated is too slow for rates and deadlines of a second; those files are left to real machines
bun test --timeout 180000 test/contract/traffic-control.test.ts test/contract/ingress-control.test.ts \
  test/contract/device.test.ts hardware/linux/sockets.test.ts hardware/linux/probe.test.ts </dev/null
echo "MACHINE contract ended with $?"
cd /tmp
spareband dev --once --title /repository/test/fixtures/titles/meadow | cat
echo "MACHINE chain over"
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1 >"$folder/initrd.gz")
exec timeout 1200 qemu-system-aarch64 -M virt -cpu cortex-a53 -smp 2 -m 3G \
  -kernel "$folder/kernel/boot/vmlinuz-$version" -initrd "$folder/initrd.gz" \
  -append "console=ttyAMA0 quiet panic=-1" -nographic -no-reboot -nic none </dev/null
