/**
 * What the governor costs: its loop at full pace with real sockets, probes and board, on loopback,
 * while one slow peer keeps it awake. Prints per cent of one core.
 *
 *   bun test/lab/cost.ts [SECONDS]
 */
import { silentLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { createGovernor } from "../../agent/governor/governor.ts";
import type { CpuReading } from "../../hardware/cpu.ts";
import { createLinuxDevice } from "../../hardware/linux/device.ts";
import { openDelayProbe, openPeerSockets } from "../../hardware/linux/line-access.ts";
import type { ProbeTarget } from "../../hardware/probe.ts";

const seconds = Number(process.argv[2] ?? 20);
const reflectors = [4601, 4602].map((port) => {
  const child = Bun.spawn([
    process.execPath,
    `${import.meta.dir}/reflector.ts`,
    "127.0.0.1",
    `${port}`,
  ]);
  const target: ProbeTarget = { kind: "reflector", address: "127.0.0.1", port };
  return { child, target };
});
const body = new Uint8Array(64 * 1024 * 1024);
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 255,
  fetch: () => new Response(body),
});
const port = Number(server.port);
const peer = Bun.spawn([
  "curl",
  "-s",
  "-o",
  "/dev/null",
  "--limit-rate",
  "20k",
  `http://127.0.0.1:${port}/`,
]);

const clock = systemClock;
const linux = createLinuxDevice({ clock });
const idle = (load: CpuReading | undefined) =>
  load && { at: load.at, cores: load.cores.map((core) => ({ ...core, busy: 0 })) };
let ticks = 0;
const stop = new AbortController();
const governor = createGovernor({
  clock,
  log: silentLog,
  sockets: openPeerSockets({ clock, ports: () => [port] }),
  probe: openDelayProbe({ clock, random: systemRandom }),
  targets: () => reflectors.map(({ target }) => target),
  // The board is read as it is, and believed to be idle: this is about the cost of reading.
  device: {
    ...linux,
    cpu: { read: async () => idle(await linux.cpu.read()) },
    router: { read: async () => ({ gateway: { v4: "127.0.0.1" } }) },
    playback: { read: async () => "idle" },
  },
  policy: () => ({
    consented: true,
    paused: false,
    metered: false,
    allowMetered: false,
    share: 100,
    quietHours: [],
    holds: [],
  }),
  store: { load: () => undefined, save: () => {} },
  record: () => {
    ticks++;
  },
});
const running = governor.run(stop.signal);
// Until the compiler has settled.
await Bun.sleep(60_000);
ticks = 0;
const before = process.cpuUsage();
await Bun.sleep(seconds * 1000);
const used = process.cpuUsage(before);
const percent = (used.user + used.system) / 1e4 / seconds;
console.log(
  `${governor.current.reason}: ${percent.toFixed(2)} % of a core, ${(ticks / seconds).toFixed(1)} ticks a second`,
);
stop.abort();
await running;
for (const child of [peer, ...reflectors.map(({ child }) => child)]) child.kill();
process.exit();
