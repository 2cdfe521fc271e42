/**
 * The least that shares: a sparse file over Bun.serve and the governor, with nothing of the box
 * beside it. It is how the law is measured without the rest.
 *
 *   bun test/lab/sharer.ts --port 8080 --reflector 100.64.0.2:4600 [--echo ADDRESS] [--record FILE]
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bitsPerSecond, celsius } from "../../agent/core/units.ts";
import type { BoardDevices } from "../../agent/governor/board-reader.ts";
import { createGovernor } from "../../agent/governor/governor.ts";
import { Neighbourhood } from "../../agent/governor/neighbourhood.ts";
import { everythingAllowed, type Policy } from "../../agent/governor/policy.ts";
import { recordTo } from "../../agent/governor/recording.ts";
import { openDelayProbe, openHomeLink, openPeerSockets } from "../../hardware/linux/line-access.ts";
import type { ProbeTarget } from "../../hardware/probe.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8080" },
    reflector: { type: "string", multiple: true, default: [] },
    echo: { type: "string", multiple: true, default: [] },
    "max-kbit": { type: "string" },
    record: { type: "string" },
  },
});

const folder = mkdtempSync(join(tmpdir(), "spareband-sharer-"));
const content = join(folder, "content");
const file = openSync(content, "w");
ftruncateSync(file, 4 * 2 ** 30);
closeSync(file);

const port = Number(values.port);
// A connection that is held back for a while must not be taken for a dead one.
Bun.serve({
  port,
  hostname: "0.0.0.0",
  idleTimeout: 255,
  fetch: () => new Response(Bun.file(content)),
});

const reflectors = values.reflector.map((text): ProbeTarget => {
  const [address = "", udp = ""] = text.split(":");
  return { kind: "reflector", address, port: Number(udp) };
});
const targets = [
  ...reflectors,
  ...values.echo.map((address): ProbeTarget => ({ kind: "echo", address })),
];

/** A cool, idle console: the lab is about the line. */
const board: BoardDevices = {
  cpu: {
    read: async () => ({
      at: systemClock.monotonicMs(),
      cores: [{ core: 0, busy: 0, total: Date.now() }],
    }),
  },
  thermal: {
    read: async () => [{ name: "soc", type: "soc", temperature: celsius(40), trips: [] }],
  },
  playback: { read: async () => "idle" },
  router: { read: async () => ({ gateway: { v4: "10.66.0.1" } }) },
};

const policy: Policy = {
  ...everythingAllowed,
  ...(values["max-kbit"] && { maxRate: bitsPerSecond(Number(values["max-kbit"]) * 1000) }),
};

const clock = systemClock;
const homeLink = openHomeLink();
const recorded: string[] = [];
const cpu = process.cpuUsage();
const governor = createGovernor({
  clock,
  log: createLog({
    format: "text",
    level: "info",
    write: (line) => process.stderr.write(`${line}\n`),
  }),
  sockets: openPeerSockets({ clock, ports: () => [port] }),
  probe: openDelayProbe({ clock, random: systemRandom }),
  targets: () => targets,
  device: board,
  ...(homeLink && { neighbourhood: new Neighbourhood(homeLink, systemRandom.bytes) }),
  policy: () => policy,
  store: { load: () => undefined, save: () => {} },
  ...(values.record && { record: recordTo((line) => recorded.push(line)) }),
});

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort());
await governor.run(stop.signal);
if (values.record) writeFileSync(values.record, `${recorded.join("\n")}\n`);
rmSync(folder, { recursive: true, force: true });
const used = process.cpuUsage(cpu);
process.stderr.write(
  `sent ${governor.sentToPeers()} bytes with ${(used.user + used.system) / 1000} ms of processor time\n`,
);
process.exit();
