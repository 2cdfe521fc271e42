import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { buildExecutables, isRoot, must, repository, run } from "./executable.ts";

const BUILD_LIMIT_MS = 300_000;
const packs = Bun.which("dpkg-deb") !== null;
const needsDpkg = packs ? "" : " (needs dpkg-deb)";
const architecture = process.arch === "arm64" ? "arm64" : "amd64";
let dist = "";
const deb = (of: string) => join(dist, `spareband_${version}_${of}.deb`);
const environment = () => ({
  SPAREBAND_DIST: dist,
  SPAREBAND_COMMIT: "c0ffee1",
  SPAREBAND_XZ_LEVEL: "none",
  SOURCE_DATE_EPOCH: "1767225600",
});

beforeAll(async () => {
  if (!packs) return;
  dist = await buildExecutables(["linux-x64", "linux-arm64"]);
  await must(["sh", "build.sh", "packages"], { env: environment() });
}, BUILD_LIMIT_MS);
afterAll(() => rm(dist, { recursive: true, force: true }));

describe.each(["amd64", "arm64"])("the %s package", (of) => {
  test.skipIf(!packs)(`says what it is and needs${needsDpkg}`, async () => {
    const control = await must(["dpkg-deb", "--field", deb(of)]);
    expect(control).toContain(`Package: spareband\nVersion: ${version}\nArchitecture: ${of}\n`);
    expect(control).toContain("libc6 (>= 2.34)");
  });

  test.skipIf(!packs)(`holds files of root's from the commit's time${needsDpkg}`, async () => {
    const entries = (
      await must(["dpkg-deb", "--contents", deb(of)], { env: { TZ: "UTC" } })
    ).trim();
    for (const entry of entries.split("\n")) {
      expect(entry).toMatch(/^[-d]rwxr-xr-x |^-rw-r--r-- /);
      expect(entry).toMatch(/ root\/root +\d+ 2026-01-01 00:00 \.\//);
    }
    for (const path of [
      "usr/bin/spareband",
      "usr/lib/systemd/system/spareband-box.service",
      "usr/lib/sysusers.d/spareband.conf",
      "usr/share/spareband/spareband.toml",
      "usr/share/spareband/mosquitto/spareband.acl",
      "usr/share/spareband/mosquitto/spareband.conf",
      "usr/share/doc/spareband/docs/manual.md",
      "etc/spareband/spareband.toml",
    ]) {
      expect(entries).toContain(` ./${path}`);
    }
  });
});

test.skipIf(!packs)(
  `packed twice, the bytes are the same${needsDpkg}`,
  async () => {
    const before = await must(["sha256sum", deb("amd64"), deb("arm64")]);
    await must(["sh", "build.sh", "packages"], { env: environment() });
    expect(await must(["sha256sum", deb("amd64"), deb("arm64")])).toBe(before);
  },
  BUILD_LIMIT_MS,
);

/** Runs the script in a copy of this machine's root that is thrown away: nothing here is touched. */
const inThrowawayRoot = (root: string, file: string, script: string) => [
  "unshare",
  "--mount",
  "--pid",
  "--fork",
  "sh",
  "-euc",
  `mount -t tmpfs none "$1"
   mkdir "$1/upper" "$1/work" "$1/root"
   mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
   mount -t proc proc "$1/root/proc"
   cp "$2" "$1/root/spareband.deb"
   exec chroot "$1/root" sh -euc "$3"`,
  "sh",
  root,
  file,
  script,
];

const overlays =
  packs && isRoot && (await run(["unshare", "--mount", "sh", "-euc", probeScript()])).code === 0;

function probeScript() {
  return `d=$(mktemp -d); mount -t tmpfs none $d; mkdir $d/u $d/w $d/r
    mount -t overlay overlay -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/r && test -x $d/r/usr/bin/dpkg`;
}

const LIFE = `
  exec 2>&1
  quietly() { "$@" >/log 2>&1 || { cat /log; exit 1; }; }
  quietly dpkg -i /spareband.deb
  spareband --version
  dpkg --verify spareband && echo intact
  getent passwd spareband | cut -d: -f1,6
  stat -c '%n %U %a' /var/lib/spareband
  systemctl is-enabled spareband-box.service || true
  systemctl is-enabled spareband-coordinator.service || true
  echo key > /var/lib/spareband/key
  echo '# mine' >> /etc/spareband/spareband.toml
  systemctl disable --quiet spareband-box.service
  quietly dpkg -i /spareband.deb
  echo "upgraded: $(systemctl is-enabled spareband-box.service || true), $(tail -n 1 /etc/spareband/spareband.toml)"
  quietly dpkg -r spareband
  echo "removed: $(ls /usr/bin/spareband 2>/dev/null | wc -l) executables, $(cat /var/lib/spareband/key)"
  quietly dpkg -P spareband
  echo "purged: $(find /usr /etc /var/lib -path /var/lib/dpkg -prune -o -name '*spareband*' -print)"
`;

test.skipIf(!overlays)(
  `installed, upgraded, removed and purged with dpkg in a throw-away root${overlays ? "" : " (needs dpkg, root and overlayfs)"}`,
  async () => {
    const root = await mkdtemp(join(tmpdir(), "root-"));
    const said = await must(inThrowawayRoot(root, deb(architecture), LIFE));
    expect(said.split("\n")).toEqual([
      expect.stringMatching(/^\d+\.\d+\.\d+\+\w+/),
      "intact",
      "spareband:/var/lib/spareband",
      "/var/lib/spareband spareband 700",
      "enabled",
      "disabled",
      "upgraded: disabled, # mine",
      "removed: 0 executables, key",
      "purged: ",
      "",
    ]);
  },
  BUILD_LIMIT_MS,
);

test.skipIf(!packs || !isRoot)(
  `fills an image of another architecture from outside, and leaves it again${packs && isRoot ? "" : " (needs dpkg and root)"}`,
  async () => {
    const image = await mkdtemp(join(tmpdir(), "image-"));
    for (const directory of [
      "var/lib/dpkg/info",
      "var/lib/dpkg/updates",
      "var/lib/dpkg/triggers",
      "etc",
    ]) {
      await mkdir(join(image, directory), { recursive: true });
    }
    await Bun.write(join(image, "var/lib/dpkg/status"), "");
    const dpkg = (...args: string[]) =>
      must([
        "dpkg",
        `--root=${image}`,
        "--log=/dev/null",
        "--force-script-chrootless,architecture,depends",
        ...args,
      ]);
    await dpkg("-i", deb("arm64"));
    const enabled = await readdir(join(image, "etc/systemd/system/multi-user.target.wants"));
    expect(enabled).toEqual(["spareband-box.service"]);
    expect(await readFile(join(image, "etc/passwd"), "utf8")).toMatch(/^spareband:/m);
    expect(
      await must(["cmp", join(image, "usr/bin/spareband"), join(dist, "spareband-linux-arm64")]),
    ).toBe("");
    await dpkg("-P", "spareband");
    const left = await must(["find", image, "-name", "*spareband*"]);
    expect(left).toBe("");
  },
  BUILD_LIMIT_MS,
);

test("the packages' scripts are plain POSIX shell", async () => {
  for (const script of [
    "package.sh",
    "postinst",
    "prerm",
    "postrm",
    "../boot-check",
    "../../build.sh",
  ]) {
    await must(["sh", "-n", join(repository, "systemd/debian", script)]);
  }
});
