/**
 * What the governor costs: its loop at full pace with real sockets, probes and board, on loopback,
 * while one slow peer keeps it awake. Prints per cent of one core, minute by minute and thread by thread,
 * for the compiler goes on for some minutes; the last is what a box pays from then on. What the allocator is
 * told in the environment is taken from the unit; UNIT=no leaves it as it is.
 *
 *   bun test/lab/cost.ts [MINUTES]
 */
import { readdirSync, readFileSync } from "node:fs";
import { silentLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { createGovernor } from "../../agent/governor/governor.ts";
import { everythingAllowed } from "../../agent/governor/policy.ts";
import type { CpuReading } from "../../hardware/cpu.ts";
import { createLinuxDevice } from "../../hardware/linux/device.ts";
import { openDelayProbe, openPeerSockets } from "../../hardware/linux/line-access.ts";
import type { ProbeTarget } from "../../hardware/probe.ts";

const MINUTE_MS = 60_000;
const minutes = Number(process.argv[2] ?? 8);

const unit = readFileSync(`${import.meta.dir}/../../systemd/spareband-box.service`, "utf8");
const allocator = process.env.UNIT === "no" ? [] : (unit.match(/MIMALLOC_\w+=\S+/g) ?? []);
const wanted = Object.fromEntries(allocator.map((setting) => setting.split("=", 2)));
if (Object.entries(wanted).some(([name, value]) => process.env[name] !== value)) {
  // It reads them before any of our code runs.
  const again = Bun.spawnSync([process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, ...wanted },
    stdio: ["ignore", "inherit", "inherit"],
  });
  process.exit(again.exitCode);
}

/** Nanoseconds of processor time, thread by thread (`/proc/PID/task/TID/schedstat`, its first number). */
function threads(): Map<string, number> {
  const all = new Map<string, number>();
  for (const thread of readdirSync("/proc/self/task")) {
    const at = `/proc/self/task/${thread}`;
    const name = readFileSync(`${at}/comm`, "utf8").trim();
    const [used] = readFileSync(`${at}/schedstat`, "utf8").split(" ");
    all.set(name, (all.get(name) ?? 0) + Number(used));
  }
  return all;
}

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
  policy: () => everythingAllowed,
  store: { load: () => undefined, save: () => {} },
  record: () => {
    ticks++;
  },
});
const running = governor.run(stop.signal);
for (let minute = 1; minute <= minutes; minute++) {
  ticks = 0;
  const before = threads();
  const all = process.cpuUsage();
  await Bun.sleep(MINUTE_MS);
  // With what threads used that have ended since.
  const { user, system } = process.cpuUsage(all);
  const percent = [...threads()].map(
    ([name, used]) => [name, (used - (before.get(name) ?? 0)) / 1e4 / MINUTE_MS] as const,
  );
  const sum = (user + system) / 10 / MINUTE_MS;
  const parts = percent.flatMap(([name, each]) =>
    each < 0.005 ? [] : [`${name} ${each.toFixed(2)}`],
  );
  console.log(
    `minute ${minute}: ${sum.toFixed(2)} % of a core, ${((ticks * 1000) / MINUTE_MS).toFixed(1)} looks a second (${parts.join(", ")}; ${governor.current.reason})`,
  );
}
stop.abort();
await running;
for (const child of [peer, ...reflectors.map(({ child }) => child)]) child.kill();
process.exit();
