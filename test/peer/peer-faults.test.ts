/** What hostile or broken clients do to a box: it stays bounded, and the household's page answers (fault 59). */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bitsPerSecond } from "../../agent/core/units.ts";
import { defaultAdmissionLimits } from "../../agent/peer/admission.ts";
import { readDescriptors } from "../../agent/peer/descriptors.ts";
import { StatusFixture } from "../status/status-fixture.ts";
import { PeerFixture, wideOpen } from "./peer-fixture.ts";

const MIB = 1024 * 1024;
const openPeer = (server = {}) =>
  new PeerFixture({ size: 4 * MIB, clock: systemClock, delivery: "open", server });

const dial = (port: number, localAddress = "127.0.0.1") =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, localAddress }, () => {
      socket.off("error", reject).on("error", () => socket.destroy());
      resolve(socket);
    });
    socket.once("error", reject);
  });

/** All that comes until the other side closes. */
const answerOf = (socket: Socket) =>
  new Promise<string>((resolve) => {
    let text = "";
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.once("close", () => resolve(text));
  });

/** What opens a connection and is never a whole request of ours. */
const silent = {
  "says nothing": "",
  "stops within its header": "GET / HTTP/1.1\r\nHost: x\r\n",
  "wants a tunnel": "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
};

test("clients that say nothing, stop half-way, trickle, or want a tunnel are closed within 15 s", async () => {
  await using peer = openPeer();
  const trickler = await dial(peer.server.port);
  trickler.write("GET / HTTP/1.1\r\nHost: x\r\n");
  const trickle = setInterval(() => trickler.write("X-a: b\r\n"), 100);
  const others = Object.values(silent).map(async (words) => {
    const socket = await dial(peer.server.port);
    socket.write(words);
    return answerOf(socket);
  });
  const answers = await Promise.all([answerOf(trickler), ...others]);
  clearInterval(trickle);
  for (const answer of answers) expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
}, 15_000);

test("a flood of headers is 431, and the next client is served", async () => {
  await using peer = openPeer();
  const socket = await dial(peer.server.port);
  const answer = answerOf(socket);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n");
  for (let line = 0; line < 64; line++) socket.write(`X-${line}: ${"a".repeat(1024)}\r\n`);
  expect(await answer).toStartWith("HTTP/1.1 431");
  expect((await fetch(peer.file, { headers: { range: "bytes=0-9" } })).status).toBe(206);
});

const withBody = "POST /v1/receipts HTTP/1.1\r\nHost: x\r\n";
test.each([
  `${withBody}Content-Length: 100\r\n\r\n{`,
  `${withBody}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
])("bodies that never end take no stream: %j", async (request) => {
  await using peer = openPeer({ verdict: { current: { ...wideOpen, maxStreams: 2 } } });
  const sockets = await Promise.all(Array.from({ length: 8 }, () => dial(peer.server.port)));
  const answers = sockets.map((socket) => new Promise((resolve) => socket.once("data", resolve)));
  // The first request's answer says that the second one has come.
  for (const socket of sockets) socket.write(`GET /v1/box HTTP/1.1\r\nHost: x\r\n\r\n${request}`);
  await Promise.all(answers);
  expect((await fetch(peer.file, { headers: { range: "bytes=0-9" } })).status).toBe(206);
  for (const socket of sockets) socket.destroy();
});

test("a huge body is refused, and never held in memory", async () => {
  await using peer = openPeer();
  const answer = await fetch(`${peer.base}/v1/receipts`, { method: "POST", body: "x".repeat(MIB) });
  expect(answer.status).toBe(413);
});

test.each([
  "GET /v1/titles HTTP/9.9\r\n\r\n",
  "\0\0\0\0\r\n\r\n",
  "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n",
  "POST /v1/receipts HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
])(
  "%j gets an error or nothing, never content",
  async (request) => {
    await using peer = openPeer();
    const socket = await dial(peer.server.port);
    socket.write(request);
    const answer = await answerOf(socket);
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
  },
  15_000,
);

/** A process of its own that keeps so many connections open and says nothing; what is closed is dialled again. */
const dialer = `
import { connect } from "node:net";
const [port, count] = process.argv.slice(-2).map(Number);
const dial = () => new Promise((resolve) => {
  const socket = connect({ host: "127.0.0.1", port }, resolve);
  socket.on("error", resolve).on("close", () => setTimeout(dial, 500));
});
process.stdin.on("end", () => process.exit(0)).resume();
for (let done = 0; done < count; done += 250) await Promise.all(Array.from({ length: 250 }, dial));
`;

describe("thousands of connections", () => {
  const limit = readDescriptors()?.limit ?? 0;
  const IDLE = 10_000;
  const needed = Math.ceil((IDLE + 1000) / 0.75);

  test.skipIf(limit < needed)(
    `of ${IDLE} idle ones most are shed and the household's page still answers (needs ${needed} open files, has ${limit})`,
    async () => {
      // With the limit that a box has: 4 096, which must be reached before the first ones idle out.
      await using peer = openPeer();
      await using page = await new StatusFixture().start();
      const command = [process.execPath, "-e", dialer, String(peer.server.port), String(IDLE)];
      const clients = Bun.spawn(command, { stdin: "pipe", stdout: "ignore", stderr: "ignore" });
      while (peer.server.stats().shed === 0) {
        expect((await fetch(page.url)).status).toBe(200);
        await Bun.sleep(50);
      }
      expect((await fetch(page.url)).status).toBe(200);
      clients.kill();
      await clients.exited;
      while ((readDescriptors()?.open ?? 0) > 1000) await Bun.sleep(50);
      expect((await fetch(peer.file, { headers: { range: "bytes=0-9" } })).status).toBe(206);
    },
    60_000,
  );

  test("more than are allowed are closed at once, and new ones served on the same port", async () => {
    const before = readdirSync("/proc/self/fd").length;
    await using peer = openPeer({ mostConnections: before + 150 });
    const sockets = await Promise.all(Array.from({ length: 100 }, () => dial(peer.server.port)));
    const closed = Promise.all(sockets.map((socket) => answerOf(socket)));
    await closed;
    expect(peer.server.stats().shed).toBeGreaterThan(0);
    expect((await fetch(peer.file, { headers: { range: "bytes=0-9" } })).status).toBe(206);
  }, 20_000);
});

describe("slow readers that hold every stream starve nobody", () => {
  const stuckBox = () =>
    new PeerFixture({
      size: 64 * MIB,
      clock: systemClock,
      delivery: "open",
      verdict: { state: "sharing", rate: bitsPerSecond(1e8), maxStreams: 2, reason: "line-idle" },
      server: {
        admission: { ...defaultAdmissionLimits, longestWaitMs: 20_000, stallMs: 200 },
      },
    });

  test("of the same address", async () => {
    await using peer = stuckBox();
    const slow = await Promise.all([fetch(peer.file), fetch(peer.file)]);
    const honest = await fetch(peer.file, { headers: { range: "bytes=0-9" } });
    expect(honest.status).toBe(206);
    await honest.arrayBuffer();
    for (const response of slow) await response.body?.cancel();
  });

  test("of others, however many they are and however often it asks", async () => {
    await using peer = stuckBox();
    const { pathname, port } = new URL(peer.file);
    const asks = `GET ${pathname} HTTP/1.1\r\nHost: x\r\n`;
    const slow = await Promise.all(Array.from({ length: 8 }, () => dial(Number(port))));
    for (const socket of slow) socket.pause().write(`${asks}\r\n`);
    while (peer.server.stats().streams < 4) await Bun.sleep(20);
    for (let turn = 0; turn < 6; turn++) {
      const honest = await dial(Number(port), "127.0.0.2");
      honest.write(`${asks}Range: bytes=0-9\r\nConnection: close\r\n\r\n`);
      expect(await answerOf(honest)).toStartWith("HTTP/1.1 206");
    }
    for (const socket of slow) socket.destroy();
  }, 15_000);
});
