/**
 * What connections cost a box: resident memory of 2 000 idle and 200 active ones, and the time to
 * the first byte at half of the load the box can carry.
 *
 *   bun test/bench/connections.ts [--idle 2000] [--active 200] [--check]
 *
 * `--check` ends with 1 when a bar is missed: 40 MB above idle, p99 below 10 ms.
 */
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { residentBytes } from "./serve-tools.ts";

const MIB = 1024 * 1024;
const RANGE = 64 * 1024;
const { values } = parseArgs({
  options: {
    idle: { type: "string", default: "2000" },
    active: { type: "string", default: "200" },
    check: { type: "boolean", default: false },
  },
});

const box = Bun.spawn(
  [process.execPath, join(import.meta.dir, "serve-box.ts"), String(64 * MIB), "open"],
  {
    stdout: "pipe",
    stderr: "inherit",
  },
);
const first = await box.stdout.getReader().read();
const { url } = JSON.parse(new TextDecoder().decode(first.value)) as { url: string };
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

/** All sockets ask as fast as they are answered. */
async function saturate(sockets: readonly Socket[], milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds;
  let requests = 0;
  await Promise.all(
    sockets.map(async (socket) => {
      while (performance.now() < end) await ask(socket, requests++);
    }),
  );
  return (requests * 1000) / milliseconds;
}

/** Each socket asks at its own steady pace, so that together they ask `perSecond`. */
async function pace(sockets: readonly Socket[], perSecond: number, milliseconds: number) {
  const times: number[] = [];
  const period = (sockets.length * 1000) / perSecond;
  const start = performance.now();
  await Promise.all(
    sockets.map(async (socket, index) => {
      for (let turn = 0; ; turn++) {
        const due = start + (turn + index / sockets.length) * period;
        if (due > start + milliseconds) return;
        await Bun.sleep(Math.max(0, due - performance.now()));
        times.push(await ask(socket, turn + index));
      }
    }),
  );
  return times.sort((a, b) => a - b);
}

const warm = await open();
for (let turn = 0; turn < 200; turn++) await ask(warm, turn);
const before = residentBytes(box.pid);
const active = await Promise.all(Array.from({ length: Number(values.active) }, open));
const idle = await Promise.all(Array.from({ length: Number(values.idle) }, open));
const most = await saturate(active, 2000);
const times = await pace(active, most / 2, 4000);
const alive = idle.filter((socket) => !socket.destroyed && socket.readyState === "open").length;
const grown = (residentBytes(box.pid) - before) / 1e6;
const percentile = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
const p99 = percentile(0.99);

console.log(`idle connections ${values.idle} (${alive} still open), active ${values.active}`);
console.log(`resident memory above idle: ${grown.toFixed(1)} MB`);
console.log(`full load: ${most.toFixed(0)} requests/s of ${RANGE / 1024} KiB`);
console.log(
  `time to first byte at half load: p50 ${percentile(0.5).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms (${times.length} requests)`,
);
for (const socket of [...idle, ...active, warm]) socket.destroy();
box.kill();
await box.exited;
process.exit(values.check && (grown > 40 || p99 >= 10) ? 1 : 0);
