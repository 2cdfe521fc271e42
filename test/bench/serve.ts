/**
 * How fast a box serves, beside nginx with sendfile in the same run: a 64 MiB file whole, and in
 * 1 MiB ranges with a ticket and a receipt on each. Then what 100 Mbit/s and 1 Gbit/s cost.
 *
 *   bun test/bench/serve.ts [--rounds 5] [--seconds 3] [--check]
 *
 * `--check` ends with 1 when a bar is missed: throughput 0.95 of nginx's, bytes per CPU second 0.85
 * (whole) and 0.65 (ranges).
 */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cpuSeconds, median, missing, runWrk, startNginx, wrkReport } from "./serve-tools.ts";

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    check: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

const wholeScript = `request = function() return wrk.format("GET") end${wrkReport}`;
const rangeLines = `
local n = 0
local function range() local at = (n % 64) * ${MIB}; return "bytes=" .. at .. "-" .. (at + ${MIB - 1}) end
`;
/** nginx is sent the same headers, so that the client has the same work. */
const ticketScript = (file: string) => `${rangeLines}
local lines = io.lines("${file}")
request = function()
  n = n + 1
  local ticket, receipt = lines():match("^(.-)\\t(.*)$")
  local headers = { ["Range"] = range(), ["Authorization"] = ticket }
  if receipt ~= "-" then headers["Spareband-Receipt"] = receipt end
  return wrk.format("GET", nil, headers)
end${wrkReport}`;

interface Figures {
  readonly throughput: number;
  readonly perCpu: number;
  readonly cpuShare: number;
}

/** After a second in which the box's code is compiled and the file comes into memory. */
async function measure(
  url: string,
  pid: number,
  script: string,
  warmUp = script,
): Promise<Figures> {
  const file = join(directory, "wrk.lua");
  writeFileSync(file, warmUp);
  await runWrk(url, 1, file);
  writeFileSync(file, script);
  const before = cpuSeconds(pid);
  const started = performance.now();
  const load = await runWrk(url, seconds, file);
  const spent = cpuSeconds(pid) - before;
  const took = (performance.now() - started) / 1000;
  if (load.errors > 0)
    throw new Error(`${load.errors} of ${load.requests} requests failed at ${url}`);
  const amount = load.bytesPerSecond * took;
  return { throughput: load.bytesPerSecond, perCpu: amount / spent, cpuShare: spent / took };
}

interface Box extends AsyncDisposable {
  readonly url: string;
  readonly disk: string;
  readonly pid: number;
}

async function startBox(...args: readonly string[]): Promise<Box> {
  const script = join(import.meta.dir, "serve-box.ts");
  const child = Bun.spawn([process.execPath, script, String(SIZE), ...args], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const first = await reader.read();
  const line = new TextDecoder().decode(first.value);
  return {
    ...(JSON.parse(line) as { url: string; disk: string }),
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

const absent = missing("nginx", "wrk");
if (absent.length > 0) {
  console.log(`skipped: ${absent.join(" and ")} not installed`);
  process.exit(0);
}
const directory = mkdtempSync(join(tmpdir(), "spareband-bench-"));
const results: Record<string, { box: Figures[]; nginx: Figures[] }> = {};
const note = (name: string, box: Figures, nginx: Figures) => {
  results[name] ??= { box: [], nginx: [] };
  results[name].box.push(box);
  results[name].nginx.push(nginx);
};

for (let round = 0; round < rounds; round++) {
  await using open = await startBox("open");
  symlinkSync(open.disk, join(directory, "0"));
  await using nginx = await startNginx(directory, await freePort());
  const other = `${nginx.url}/0`;
  note(
    "whole file",
    await measure(open.url, open.pid, wholeScript),
    await measure(other, nginx.worker, wholeScript),
  );
  const lines = join(directory, "tickets");
  // 256 requests a ticket; enough for 4 GB/s.
  await using box = await startBox("receipted", String(Math.ceil(seconds * 16 + 4)), lines);
  note(
    "1 MiB ranges, tickets and receipts",
    await measure(box.url, box.pid, ticketScript(lines), ticketScript(`${lines}.warm-up`)),
    await measure(other, nginx.worker, ticketScript(lines)),
  );
  rmSync(join(directory, "0"));
}
rmSync(directory, { recursive: true });

const bars: Readonly<Record<string, number>> = {
  "whole file": 0.85,
  "1 MiB ranges, tickets and receipts": 0.65,
};
const gb = (value: number) => (value / 1e9).toFixed(2);
let missed = false;
console.log(
  `medians of ${rounds} rounds of ${seconds} s, one wrk thread, 4 connections, ${SIZE / MIB} MiB file`,
);
console.log("| | box GB/s | nginx GB/s | ratio | box GB/CPU s | nginx GB/CPU s | ratio |");
console.log("|---|---|---|---|---|---|---|");
for (const [name, { box, nginx }] of Object.entries(results)) {
  const of = (figures: readonly Figures[], key: keyof Figures) =>
    median(figures.map((figure) => figure[key]));
  const ratio = (key: keyof Figures) => of(box, key) / of(nginx, key);
  const [fast, lean] = [ratio("throughput"), ratio("perCpu")];
  console.log(
    `| ${name} | ${gb(of(box, "throughput"))} | ${gb(of(nginx, "throughput"))} | ${fast.toFixed(2)} | ${gb(of(box, "perCpu"))} | ${gb(of(nginx, "perCpu"))} | ${lean.toFixed(2)} |`,
  );
  missed ||= fast < 0.95 || lean < (bars[name] ?? 0);
  const share = (rate: number) => ((rate / 8 / of(box, "perCpu")) * 100).toFixed(2);
  console.log(
    `| ${name}: share of a core at 100 Mbit/s and 1 Gbit/s | ${share(1e8)} % | ${share(1e9)} % | | | | |`,
  );
}
if (values.check && missed) process.exit(1);
