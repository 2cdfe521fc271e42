#!/bin/sh
# boot-systemd.sh SCRATCH PACKAGE: installs the package in a throw-away copy of this root and boots
# systemd in it, as process 1 of its own namespaces, with the box's unit and little else. Started by
# boot.test.ts under unshare, in control groups of its own. Nothing outside of SCRATCH is written.
set -eu
scratch=$1 package=$2
mount --make-rprivate /
mount -t tmpfs none "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
root=$scratch/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$root"

# The kernel's settings are everyone's: they can be read here, not changed.
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  for hierarchy in /sys/fs/cgroup/*/; do
    name=$(basename "$hierarchy")
    mkdir "$root/sys/fs/cgroup/$name"
    case $name in
    unified) mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified" ;;
    systemd) mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd" ;;
    *) mount -t cgroup -o "$name" cgroup "$root/sys/fs/cgroup/$name" ;;
    esac
  done
fi

# Devices of its own too: systemd makes links in /dev, and the machine's is shared by all.
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
  : >"$root/dev/$node"
  mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue" "$root/dev/hugepages"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t mqueue mqueue "$root/dev/mqueue"
mount -t tmpfs tmpfs "$root/dev/hugepages"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
ip link set lo up

# Only the box is wanted: no generators, and of the basic targets nothing but the journal.
rm -rf "$root"/usr/lib/systemd/system-generators "$root"/etc/systemd/system/*.wants \
  "$root"/usr/lib/systemd/system/*.target.wants
: >"$root/etc/fstab"
mkdir "$root/usr/lib/systemd/system/sockets.target.wants"
ln -s ../systemd-journald.socket ../systemd-journald-dev-log.socket ../dbus.socket \
  "$root/usr/lib/systemd/system/sockets.target.wants/"
cat >"$root/etc/systemd/system/trial.target" <<'UNIT'
[Unit]
Requires=basic.target boot-complete.target
Wants=spareband-box.service
AllowIsolate=yes
UNIT

cp "$package" "$root/spareband.deb"
chroot "$root" dpkg -i /spareband.deb
rm "$root/spareband.deb"
# An operator that does not answer: the box has to come up all the same.
cat >"$root/etc/spareband/spareband.toml" <<'TOML'
[coordinator]
url = "http://127.0.0.1:9"
public_key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
[mqtt]
url = "mqtt://127.0.0.1:9"
TOML
mkdir "$root/spareband-old-root"
cd "$root"
pivot_root . spareband-old-root
umount -l /spareband-old-root
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --unit=trial.target --show-status=no
