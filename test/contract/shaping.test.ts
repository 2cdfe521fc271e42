/** The shaper on the kernel's own queues: real TCP between two namespaces. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { silentLog } from "../../agent/core/log.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { megabitsPerSecond, milliseconds } from "../../agent/core/units.ts";
import type { Verdict } from "../../agent/governor/verdict.ts";
import { createShaper } from "../../agent/shaping/shaper.ts";
import type { RunCommand } from "../../hardware/linux/command.ts";
import { createFileTree } from "../../hardware/linux/file-tree.ts";
import { createLinuxTrafficControl } from "../../hardware/linux/traffic-control.ts";
import type { Nic } from "../../hardware/nic.ts";
import type { TrafficControl } from "../../hardware/traffic-control.ts";
import { connect, createNamespace, must, type Namespace, namespacesMissing } from "./namespace.ts";

const PEERS = 9000;
const OTHER = 9001;
/** Of the rate, when whoever reads is not always given the processor. */
const BUSY_MACHINE = 0.5;
/** Than what peers are held to: nobody shapes it, so only the processor bounds it. */
const CLEARLY_MORE = 1.5;
const stream = join(import.meta.dir, "stream.ts");
const suffix = namespacesMissing ? ` (${namespacesMissing})` : "";

describe.skipIf(namespacesMissing !== undefined)(`shaping of real traffic${suffix}`, () => {
  let box: Namespace;
  let home: Namespace;
  let server: Bun.Subprocess<"ignore", "pipe", "inherit">;
  let control: TrafficControl;
  let processes = 0;

  beforeAll(async () => {
    [box, home] = [await createNamespace(), await createNamespace()];
    await connect(box, home);
    const { run } = box;
    const counted: RunCommand = (command) => {
      processes += 1;
      return run(command);
    };
    control = createLinuxTrafficControl({ tree: createFileTree("/"), run: counted });
    server = Bun.spawn(
      [...box.prefix, process.execPath, "run", stream, "serve", `${PEERS}`, `${OTHER}`],
      { stdin: "ignore", stdout: "pipe" },
    );
    for await (const chunk of server.stdout) {
      if (new TextDecoder().decode(chunk).includes("listening")) break;
    }
  });

  afterAll(async () => {
    server.kill();
    await server.exited;
    await Promise.all([box.dispose(), home.dispose()]);
  });

  const drain = async (host: string, port: number, duration = 1500) => {
    const command = [process.execPath, "run", stream, "drain", host, `${port}`, `${duration}`];
    const client = Bun.spawn([...home.prefix, ...command], { stdout: "pipe" });
    return Number(await new Response(client.stdout).text()) / 1e6;
  };
  const apply = (megabits: number) =>
    control.apply({ device: "box0", ports: [PEERS], rate: megabitsPerSecond(megabits) });

  test("holds peers to the rate over IPv4 and IPv6, and nobody else", async () => {
    await apply(8);
    // what arrives is payload: 1448 of the 1514 bytes that HTB and the card count
    for (const host of ["10.77.0.1", "fd77::1"]) {
      const rate = await drain(host, PEERS);
      expect(rate).toBeWithin(8 * BUSY_MACHINE, 8 * 1.05);
    }
    expect(await drain("10.77.0.1", OTHER, 300)).toBeGreaterThan(8 * CLEARLY_MORE);
  }, 60_000);

  test("counts what it shaped, within one per cent of the card", async () => {
    // a veth counts a large segment with one header; real cards count what is on the wire
    await must(box.run, "ip", "link", "set", "box0", "gso_max_segs", "1");
    const statistics = () => must(box.run, "cat", "/sys/class/net/box0/statistics/tx_bytes");
    const [card, shaped] = [Number(await statistics()), await apply(8)];
    await drain("10.77.0.1", PEERS);
    const [cardAfter, shapedAfter] = [Number(await statistics()), await control.read("box0")];
    if (shaped.state !== "shaped" || shapedAfter.state !== "shaped") throw new Error("not shaped");
    expect((shapedAfter.sent - shaped.sent) / (cardAfter - card)).toBeCloseTo(1, 2);
    await must(box.run, "ip", "link", "set", "box0", "gso_max_segs", "65535");
  }, 60_000);

  test("a new rate takes one process", async () => {
    await apply(4);
    const before = processes;
    for (let change = 0; change < 21; change++) await apply(5 + change);
    expect(processes - before).toBe(21);
  });

  const nft = Bun.which("nft", { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" });
  test.skipIf(!nft)(
    `marks peers as lower effort and nobody else${nft ? "" : " (needs nft)"}`,
    async () => {
      await apply(8);
      const counter = (port: number) => `tcp sport ${port} ip dscp lephb counter`;
      const rules = `table inet look { chain in { type filter hook input priority 0; ${counter(PEERS)}; ${counter(OTHER)}; }; }`;
      await must(home.run, "nft", rules);
      await drain("10.77.0.1", PEERS, 200);
      await drain("10.77.0.1", OTHER, 200);
      const listed = await must(home.run, "nft", "list", "table", "inet", "look");
      const packets = [...listed.matchAll(/counter packets (\d+)/g)].map(([, count]) =>
        Number(count),
      );
      expect(packets[0]).toBeGreaterThan(10);
      expect(packets[1]).toBe(0);
    },
    20_000,
  );

  test("the shaper follows the verdict, takes over what a killed run left, and cleans up", async () => {
    await apply(3);
    const verdict: { current: Verdict } = {
      current: {
        state: "sharing",
        rate: megabitsPerSecond(12),
        maxStreams: 3,
        reason: "line-idle",
      },
    };
    const stop = new AbortController();
    const shaper = createShaper({
      verdict,
      nic: boxNic,
      trafficControl: createLinuxTrafficControl({ tree: createFileTree("/"), run: box.run }),
      ports: () => [PEERS],
      clock: systemClock,
      log: silentLog,
    });
    const running = shaper.run(stop.signal);
    const before = await drain("10.77.0.1", PEERS);
    expect(before / 12).toBeWithin(BUSY_MACHINE, 1.05);
    expect(shaper.enforcement.by).toBe("traffic-control");
    verdict.current = { state: "held", reason: "paused" };
    await systemClock.sleep(milliseconds(300));
    expect(await drain("10.77.0.1", PEERS, 1000)).toBeLessThan(0.3);
    stop.abort();
    await running;
    const left = await must(box.run, "tc", "qdisc", "show", "dev", "box0");
    expect(left).not.toContain("5ba:");
    if (nft) expect(await must(box.run, "nft", "list", "tables")).not.toContain("spareband");
  }, 60_000);
});

/** The shaper only wants its name. */
const boxNic: Nic = {
  read: async () => {
    const nothing = 0 as never;
    return {
      at: systemClock.monotonicMs(),
      name: "box0",
      medium: "ethernet",
      sent: nothing,
      received: nothing,
    };
  },
};
