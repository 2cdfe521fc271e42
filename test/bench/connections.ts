/**
 * What connections cost a box: resident memory of 2 000 idle and 200 active ones, and the time to
 * the first byte at half of the load the box can carry.
 *
 *   bun test/bench/connections.ts [--idle 2000] [--active 200] [--bare] [--check]
 *
 * `--bare` measures what Bun does by itself with the same file, for comparison.
 * `--check` ends with 1 when a bar is missed: 40 MB above idle, p99 below 10 ms.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { missing, residentBytes, runWrk, startScript, wrkReport } from "./serve-tools.ts";

const MIB = 1024 * 1024;
const RANGE = 64 * 1024;
const { values } = parseArgs({
  options: {
    idle: { type: "string", default: "2000" },
    active: { type: "string", default: "200" },
    bare: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
  },
});

if (missing("wrk").length > 0) {
  console.log("skipped: wrk not installed");
  process.exit(0);
}
const directory = mkdtempSync(join(tmpdir(), "spareband-bench-"));
const file = join(directory, "file");
if (values.bare) writeFileSync(file, new Uint8Array(64 * MIB));
await using box = values.bare
  ? await startScript("serve-bare.ts", [file])
  : await startScript("serve-box.ts", [String(64 * MIB), "open"]);
const { url } = box;
const { hostname, port, pathname } = new URL(url);

const open = () =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => resolve(socket));
    socket.once("error", reject);
  });

/** Sends one range request and resolves with the milliseconds to the first byte, after the last. */
function ask(socket: Socket, turn: number): Promise<number> {
  const at = ((turn * 7919) % 1000) * RANGE;
  const started = performance.now();
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: box\r\nRange: bytes=${at}-${at + RANGE - 1}\r\n\r\n`,
  );
  return new Promise((resolve, reject) => {
    let firstByte = 0;
    let received = 0;
    let head: number | undefined;
    const read = (data: Buffer) => {
      firstByte ||= performance.now();
      if (head === undefined) {
        const end = data.indexOf("\r\n\r\n");
        if (end < 0) return finish(new Error("the answer's head came in pieces"));
        head = end + 4;
      }
      received += data.length;
      if (received >= head + RANGE) finish();
    };
    const gone = () => finish(new Error("the box closed the connection"));
    const finish = (fault?: Error) => {
      socket.off("data", read).off("close", gone);
      if (fault) reject(fault);
      else resolve(firstByte - started);
    };
    socket.on("data", read).once("close", gone);
  });
}

const range = `
local n = 0
request = function()
  n = n + 1
  local at = ((n * 7919) % 1000) * ${RANGE}
  return wrk.format("GET", nil, { ["Range"] = "bytes=" .. at .. "-" .. (at + ${RANGE - 1}) })
end
${wrkReport}`;

/** Requests a second that the active connections get; with a pause before each where one is given. */
async function load(seconds: number, pauseMs?: number): Promise<number> {
  const script = join(directory, "load.lua");
  // wrk asks for whole milliseconds; spread around the mean, so that they do not march in step.
  const delay =
    pauseMs && `delay = function() return math.random(0, ${Math.round(2 * pauseMs)}) end\n`;
  writeFileSync(script, `${delay ?? ""}${range}`);
  const { requests, errors } = await runWrk(url, seconds, script, {
    connections: Number(values.active),
  });
  if (errors > 0) throw new Error(`${errors} of ${requests} requests failed`);
  return requests / seconds;
}

/** Milliseconds to the first byte for a few connections that ask now and then, beside the load. */
async function probe(sockets: readonly Socket[], milliseconds: number): Promise<number[]> {
  const end = performance.now() + milliseconds;
  const times: number[] = [];
  await Promise.all(
    sockets.map(async (socket, index) => {
      await Bun.sleep(index * 5);
      for (let turn = 0; performance.now() < end; turn++) {
        times.push(await ask(socket, turn + index));
        await Bun.sleep(50);
      }
    }),
  );
  return times.sort((a, b) => a - b);
}

const warm = await open();
for (let turn = 0; turn < 200; turn++) await ask(warm, turn);
const before = residentBytes(box.pid);
const idle = await Promise.all(Array.from({ length: Number(values.idle) }, open));
const most = await load(2);
const probes = await Promise.all(Array.from({ length: 10 }, open));
const pause = (Number(values.active) * 1000) / (most / 2);
const [reached, times] = await Promise.all([load(4, pause), probe(probes, 3800)]);
const alive = idle.filter((socket) => !socket.destroyed && socket.readyState === "open").length;
const grown = (residentBytes(box.pid) - before) / 1e6;
const percentile = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
const p99 = percentile(0.99);

console.log(`idle connections ${values.idle} (${alive} still open), active ${values.active}`);
console.log(`resident memory above idle: ${grown.toFixed(1)} MB`);
console.log(`full load: ${most.toFixed(0)} requests/s of ${RANGE / 1024} KiB`);
console.log(
  `time to first byte at ${reached.toFixed(0)} requests/s: p50 ${percentile(0.5).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms (${times.length} requests)`,
);
for (const socket of [...idle, ...probes, warm]) socket.destroy();
rmSync(directory, { recursive: true });
process.exitCode = values.check && (grown > 40 || p99 >= 10) ? 1 : 0;
