/** WAN counters from a real UPnP router: miniupnpd in a namespace, a box with the Linux drivers in another. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RouterReading } from "../../hardware/router.ts";
import { connect, createNamespace, must, type Namespace, namespacesMissing } from "./namespace.ts";

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const missing =
  namespacesMissing ?? (Bun.which("miniupnpd", { PATH }) ? undefined : "needs miniupnpd");

/** miniupnpd refuses to stand before a private address; nothing leaves the namespace. */
const WAN = "45.45.45.45/24";

describe.skipIf(missing !== undefined)(
  `WAN counters of miniupnpd${missing ? ` (${missing})` : ""}`,
  () => {
    let box: Namespace;
    let home: Namespace;
    let daemon: Bun.Subprocess;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "miniupnpd-"));
      [box, home] = [await createNamespace(), await createNamespace()];
      await connect(box, home);
      await must(box.run, "ip", "route", "add", "default", "via", "10.77.0.2");
      await must(home.run, "ip", "link", "add", "wan0", "type", "veth", "peer", "name", "isp0");
      await must(home.run, "ip", "address", "add", WAN, "dev", "wan0");
      for (const device of ["wan0", "isp0"])
        await must(home.run, "ip", "link", "set", device, "up");
      const config = join(folder, "miniupnpd.conf");
      writeFileSync(
        config,
        [
          "ext_ifname=wan0",
          "listening_ip=home0",
          "http_port=0",
          "enable_upnp=yes",
          "enable_natpmp=no",
        ]
          .concat(`lease_file=${join(folder, "leases")}`, "")
          .join("\n"),
      );
      daemon = Bun.spawn(
        [...home.prefix, "miniupnpd", "-d", "-f", config, "-P", join(folder, "pid")],
        { env: { PATH }, stdout: "ignore", stderr: "ignore" },
      );
    });

    afterAll(async () => {
      daemon.kill();
      await daemon.exited;
      await Promise.all([box.dispose(), home.dispose()]);
      rmSync(folder, { recursive: true });
    });

    test("are found from the box and count what leaves the home", async () => {
      const script = join(import.meta.dir, "read-router.ts");
      const reader = Bun.spawn([...box.prefix, process.execPath, "run", script, "3"], {
        env: { PATH },
        stdout: "pipe",
      });
      // an uplink of our own making: a broadcast needs no answer
      await must(home.run, "sh", "-c", "ping -b -c 30 -i 0.1 -s 1000 -w 4 45.45.45.255 || true");
      const lines = (await new Response(reader.stdout).text()).trim().split("\n");
      const wan = lines.flatMap((line) => (JSON.parse(line) as RouterReading).wan ?? []);
      expect(wan.length).toBe(3);
      const [first, last] = [wan[0], wan.at(-1)];
      expect((last?.sent ?? 0) - (first?.sent ?? 0)).toBeGreaterThan(5000);
    }, 60_000);
  },
);
