/** Descriptors shared by responses, with real responses running from them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync, rmSync, truncateSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { systemClock } from "../../agent/core/system-clock.ts";
import { MIB } from "./answers.ts";
import { PeerFixture } from "./peer-fixture.ts";

const SIZE = 32 * MIB;
let peer: PeerFixture;
let path: string;
beforeEach(() => {
  peer = new PeerFixture({ size: SIZE, clock: systemClock, delivery: "open" });
  path = join(peer.directory, "0");
});
afterEach(() => peer[Symbol.asyncDispose]());

/** Descriptors this process has of the file, under whatever name it has now. */
const descriptors = () =>
  readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(path);
    } catch {
      // The listing's own, or one that was closed meanwhile.
      return false;
    }
  });

const range = (start: number, end: number) => ({
  headers: { range: `bytes=${start}-${end - 1}` },
});

async function ask(start: number, end: number) {
  const response = await fetch(peer.file, range(start, end));
  const body = Buffer.from(await response.arrayBuffer());
  expect(response.status).toBe(206);
  return {
    contentRange: response.headers.get("content-range"),
    right: body.equals(peer.content.subarray(start, end)),
  };
}

const toldOf = (start: number, end: number) => `bytes ${start}-${end - 1}/${SIZE}`;

async function get(start: number, end: number): Promise<boolean> {
  const { contentRange, right } = await ask(start, end);
  expect(contentRange).toBe(toldOf(start, end));
  return right;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(20);
}

describe("ranges of one file", () => {
  test("side by side and one after the other get their own bytes, from one descriptor", async () => {
    for (let round = 0; round < 4; round++) {
      const starts = Array.from({ length: 8 }, (_, index) => (index * 3 + round) * MIB + round);
      const all = await Promise.all(starts.map((start) => get(start, start + 2 * MIB)));
      expect(all).not.toContain(false);
      expect(await get(0, MIB)).toBe(true);
      expect(await get(0, 1000)).toBe(true);
    }
    await until(() => descriptors().length === 1);
    const [descriptor] = descriptors();
    expect(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8")).toMatch(/^pos:\t0$/m);
  });

  test("have the same headers whichever way they are sent", async () => {
    const shared = await fetch(peer.file, range(MIB, 3 * MIB));
    const alone = await fetch(peer.file, {
      headers: { range: `bytes=${MIB}-${3 * MIB - 1}, 0-0` },
    });
    const told = ({ headers }: Response) =>
      [...headers].filter(([name]) => name !== "date").sort(([a], [b]) => a.localeCompare(b));
    expect(shared.status).toBe(alone.status);
    expect(told(shared)).toEqual(told(alone));
  });

  test("that are broken off harm none that come after, and the descriptor goes soon", async () => {
    const broken = new AbortController();
    const asked = Array.from({ length: 8 }, async (_, index) => {
      const response = await fetch(peer.file, { ...range(index, SIZE), signal: broken.signal });
      await response.body?.getReader().read();
    });
    await Promise.all(asked);
    broken.abort();
    expect(await get(5 * MIB, 9 * MIB)).toBe(true);
    await until(() => descriptors().length === 0);
  });
});

describe("a client that takes nothing", () => {
  test("keeps the descriptor it is served from, however long nobody else asks", async () => {
    const socket = connect(peer.server.port, "127.0.0.1").on("error", () => {});
    socket.pause();
    socket.write(`GET ${new URL(peer.file).pathname} HTTP/1.1\r\nHost: box\r\n`);
    socket.write(`Range: bytes=1-${SIZE - 1}\r\n\r\n`);
    await until(() => descriptors().length === 1);
    await Bun.sleep(3_500);
    expect(descriptors().length).toBe(1);
    socket.destroy();
    await until(() => descriptors().length === 0);
  });
});

describe("a file that changes under its name", () => {
  test("once cut is told by what is there, not by what was", async () => {
    expect(await get(MIB, 3 * MIB)).toBe(true);
    truncateSync(path, 8 * MIB);
    await until(async () => {
      const { contentRange, right } = await ask(MIB, 3 * MIB);
      expect(right).toBe(true);
      return contentRange === toldOf(MIB, 3 * MIB);
    });
  });

  test("once deleted is let go, and its successor served", async () => {
    expect(await get(MIB, 3 * MIB)).toBe(true);
    rmSync(path);
    peer.hold(SIZE);
    expect(await get(4 * MIB, 6 * MIB)).toBe(true);
    await until(() => descriptors().length === 0);
  });
});
