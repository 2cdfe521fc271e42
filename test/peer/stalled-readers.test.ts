/** Clients that read nothing, and those that read slowly, over real sockets. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { StalledReaders } from "../../agent/box/stalled-readers.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bitsPerSecond, mebibytes, seconds } from "../../agent/core/units.ts";
import { openPeerSockets } from "../../hardware/linux/line-access.ts";
import type { PeerReading } from "../../hardware/sockets.ts";
import { PeerFixture } from "./peer-fixture.ts";

let peer: PeerFixture;
let clients: Socket[];
beforeEach(() => {
  peer = new PeerFixture({ size: mebibytes(64), clock: systemClock, delivery: "open" });
  clients = [];
});
afterEach(() => {
  for (const client of clients) client.destroy();
  return peer[Symbol.asyncDispose]();
});

/** Asks for the whole file and reads nothing yet. */
function ask(): Socket {
  const socket = connect(peer.server.port, "127.0.0.1").on("error", () => socket.destroy());
  socket.pause();
  socket.write(`GET ${new URL(peer.file).pathname} HTTP/1.1\r\nHost: box\r\n\r\n`);
  clients.push(socket);
  return socket;
}

const watched = (after = seconds(1)) =>
  new StalledReaders(
    openPeerSockets({ clock: systemClock, ports: () => [peer.server.port] }),
    after,
  );

async function readUntil(sockets: StalledReaders, holds: (r: PeerReading) => boolean) {
  while (!holds(await sockets.read())) await Bun.sleep(50);
}

test("a client that reads nothing gives its stream back, one that reads a little keeps it", async () => {
  const sockets = watched();
  const slow = ask();
  let taken = 0;
  const reading = setInterval(() => {
    taken += (slow.read(slow.readableLength) as Buffer | null)?.length ?? 0;
  }, 100);
  ask();
  ask();
  while (peer.server.stats().streams < 3) await Bun.sleep(10);
  await readUntil(sockets, () => peer.server.stats().streams === 1);
  expect(slow.destroyed).toBe(false);
  expect(taken).toBeGreaterThan(0);
  clearInterval(reading);
}, 20_000);

test("a client that this box holds back to 8 kbit/s keeps its stream", async () => {
  const sockets = watched();
  await sockets.read();
  sockets.paceNew(bitsPerSecond(8000));
  ask().resume();
  const began = performance.now();
  await readUntil(sockets, ({ flows }) => {
    for (const { id } of flows) sockets.pace(id, bitsPerSecond(8000));
    return performance.now() - began > 4_000;
  });
  expect(peer.server.stats().streams).toBe(1);
}, 20_000);
