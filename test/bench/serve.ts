/**
 * How fast a box serves, beside nginx with sendfile and beside what Bun does by itself: a 64 MiB file
 * whole, and in 1 MiB ranges with a ticket and a receipt on each. What 100 Mbit/s and 1 Gbit/s cost is in serve-share.ts.
 *
 *   bun test/bench/serve.ts [--rounds 15] [--seconds 1] [--check] [--apart | --as-is]
 *
 * They take turns within each round, in an order that is turned around after each, so that what else the
 * machine does hits all alike; each round is a ratio, and the medians of those count. They speak over a
 * loopback of their own (own-loopback.ts), and server and client share one processor: throughput is then
 * what both cost together. `--apart` holds them to two, where it hangs more on how long either sleeps
 * than on what it costs; `--as-is` takes the machine's loopback, and leaves both to the scheduler.
 *
 * `--check` ends with 1 when a bar is missed: throughput 0.95 of nginx's, bytes per CPU second 0.85
 * (whole) and 0.65 (ranges). nginx is measured as it comes, where like Bun it sends header and body
 * apart, and once more with `tcp_nopush`, which corks the two into one.
 */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mebibytes } from "../../agent/core/units.ts";
import { enterOwnLoopback } from "./own-loopback.ts";
import { SIZE, ticketScript, wholeScript, writeTickets } from "./serve-load.ts";
import {
  allowedCpus,
  cpuSeconds,
  median,
  missing,
  runWrk,
  type Server,
  spread,
  startNginx,
  startScript,
} from "./serve-tools.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    seconds: { type: "string", default: "1" },
    check: { type: "boolean", default: false },
    apart: { type: "boolean", default: false },
    "as-is": { type: "boolean", default: false },
    inside: { type: "boolean", default: false },
  },
});
const controlled = !values["as-is"] && enterOwnLoopback(import.meta.path);
const cpus = controlled ? allowedCpus() : [];
const [serverCpu, secondCpu] = values.apart ? cpus : cpus.slice(-1);
const clientCpu = secondCpu ?? serverCpu;
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

interface Figures {
  readonly throughput: number;
  readonly perCpu: number;
  /** Bytes per second of CPU time of server and client together. */
  readonly perCpuOfBoth: number;
}

async function measure({ url, pid }: Server, script: string, lasting = seconds): Promise<Figures> {
  const file = join(directory, "wrk.lua");
  writeFileSync(file, script);
  const before = cpuSeconds(pid);
  const load = await runWrk(url, lasting, file, { cpu: clientCpu });
  const spent = cpuSeconds(pid) - before;
  if (load.errors > 0)
    throw new Error(`${load.errors} of ${load.requests} requests failed at ${url}`);
  return {
    throughput: load.bytesPerSecond,
    perCpu: load.bytes / spent,
    perCpuOfBoth: load.bytes / (spent + load.cpuSeconds),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

const names = ["box", "nginx", "corked", "bare"] as const;
type Name = (typeof names)[number];
type Round = Readonly<Record<Name, Figures>>;

/** Bun compiles what runs often, in steps, at the cost of CPU time that a box spends once in its life. */
const WARM_UP_S = 8;
/** Gigabytes a second for which there are tickets. */
const FASTEST = 4;

async function compare(servers: Record<Name, Server>, script: (round: number) => string) {
  const all: Round[] = [];
  for (const name of ["box", "bare"] as const) await measure(servers[name], script(0), WARM_UP_S);
  for (let round = 1; round <= rounds; round++) {
    const turns = round % 2 === 0 ? names.toReversed() : names;
    const figures: Partial<Record<Name, Figures>> = {};
    for (const name of turns) figures[name] = await measure(servers[name], script(round));
    all.push(figures as Round);
  }
  return all;
}

async function wholeFiles(): Promise<Round[]> {
  await using box = await startScript("serve-box.ts", [String(SIZE), "open"], serverCpu);
  return await besides(box, () => wholeScript);
}

async function ranges(): Promise<Round[]> {
  const lines = join(directory, "tickets");
  const lasting = [WARM_UP_S, ...Array.from({ length: rounds }, () => seconds)];
  await writeTickets(
    lines,
    lasting.map((time) => time * FASTEST),
  );
  await using box = await startScript("serve-box.ts", [String(SIZE), "receipted"], serverCpu);
  return await besides(box, (round) => ticketScript(`${lines}.${round}`));
}

/** nginx and Bun serve the box's own file. */
async function besides(box: Server, script: (round: number) => string): Promise<Round[]> {
  const link = join(directory, "0");
  symlinkSync(box.disk ?? "", link);
  await using nginx = await startNginx(directory, await freePort(), false, serverCpu);
  await using corked = await startNginx(directory, await freePort(), true, serverCpu);
  await using bare = await startScript("serve-bare.ts", [link], serverCpu);
  const at = (server: Server) => ({ ...server, url: `${server.url}/0` });
  const rounds = await compare({ box, nginx: at(nginx), corked: at(corked), bare }, script);
  rmSync(link);
  return rounds;
}

const gb = (value: number) => (value / 1e9).toFixed(2);

/** Prints three rows, and tells whether both bars are met. */
function report(name: string, all: readonly Round[], leanBar: number): boolean {
  const row = (what: string, key: keyof Figures) => {
    const of = (who: Name) => gb(median(all.map((round) => round[who][key])));
    const against = (who: Name) => all.map((round) => round.box[key] / round[who][key]);
    const ratios = names.slice(1).map((who) => spread(against(who)));
    console.log(`| ${[`${name}, ${what}`, ...names.map(of), ...ratios].join(" | ")} |`);
    return median(against("nginx"));
  };
  const fast = row("GB/s", "throughput");
  const lean = row("GB/CPU s", "perCpu");
  row("GB/CPU s of server and client", "perCpuOfBoth");
  return fast >= 0.95 && lean >= leanBar;
}

const absent = missing("nginx", "wrk");
if (absent.length > 0) {
  console.log(`skipped: ${absent.join(" and ")} not installed`);
  process.exit(0);
}
const directory = mkdtempSync(join(tmpdir(), "spareband-bench-"));
const whole = await wholeFiles();
const parts = await ranges();
rmSync(directory, { recursive: true });

console.log(
  controlled
    ? `a loopback of their own, ${clientCpu === serverCpu ? "server and client on one processor" : "server and client each on a processor"}`
    : "the machine's own loopback, as it is set up",
);
console.log(
  `medians of ${rounds} rounds of ${seconds} s, one wrk thread, 4 connections, ${SIZE / mebibytes(1)} MiB file; ratios are medians of the rounds' own, lowest to highest`,
);
console.log(
  "| | box | nginx | nginx, tcp_nopush | bare Bun | box / nginx | box / nginx, tcp_nopush | box / bare Bun |",
);
console.log("|---|---|---|---|---|---|---|---|");
const met = [
  report("whole file", whole, 0.85),
  report("1 MiB ranges, tickets and receipts", parts, 0.65),
];
if (values.check && met.includes(false)) process.exit(1);
