/** The HTTP of a box, over real sockets: status codes, ranges, validators, tickets and receipts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bitsPerSecond, bytes, mebibytes, unixSeconds } from "../../agent/core/units.ts";
import { createSigner } from "../../agent/identity/ed25519.ts";
import { defaultAdmissionLimits } from "../../agent/peer/admission.ts";
import { authorization, PeerFixture, title, wideOpen } from "./peer-fixture.ts";

const SIZE = 12 * 1024 * 1024 + 123;
const MIB = 1024 * 1024;
const range = (start: number, length: number) => `bytes=${start}-${start + length - 1}`;

async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { error: { code: string; text: string } };
  expect(body.error.text.length).toBeGreaterThan(10);
  return body.error.code;
}

describe("an open title", () => {
  let peer: PeerFixture;
  beforeAll(() => {
    peer = new PeerFixture({
      size: SIZE,
      clock: systemClock,
      delivery: "open",
      server: { metalink: (asked) => (asked === title ? "<metalink/>" : undefined) },
    });
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  test("comes whole, with its type, tag and length", async () => {
    const response = await fetch(peer.file);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("video/mp4");
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(response.headers.get("etag")).toMatch(/^"\w+"$/);
    expect(response.headers.get("content-disposition")).toBeNull();
    expect(Buffer.from(await response.arrayBuffer()).equals(peer.content)).toBe(true);
  });

  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=5-1048580", 5, 1048581],
    ["bytes=12582912-", 12582912, SIZE],
    ["bytes=-100", SIZE - 100, SIZE],
    ["bytes=0-9,5000000-5000009", 0, 10],
  ])("%s comes as 206 with exactly those bytes", async (header, start, end) => {
    const response = await fetch(peer.file, { headers: { range: header } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${SIZE}`);
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.equals(peer.content.subarray(start, end))).toBe(true);
  });

  test("HEAD tells the length and sends nothing, whatever Range says", async () => {
    const response = await fetch(peer.file, { method: "HEAD", headers: { range: "bytes=0-9" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(SIZE));
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });

  test("a range outside is 416 with the size", async () => {
    const response = await fetch(peer.file, { headers: { range: `bytes=${SIZE}-` } });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe(`bytes */${SIZE}`);
  });

  test("a malformed range is ignored", async () => {
    const response = await fetch(peer.file, { headers: { range: "bytes=9-2" } });
    expect(response.status).toBe(200);
    expect((await response.arrayBuffer()).byteLength).toBe(SIZE);
  });

  test("If-Range keeps the range only with the strong tag", async () => {
    const etag = (await fetch(peer.file, { method: "HEAD" })).headers.get("etag") ?? "";
    const ask = (ifRange: string) =>
      fetch(peer.file, { headers: { range: "bytes=0-9", "if-range": ifRange } });
    expect((await ask(etag)).status).toBe(206);
    for (const other of ['"other"', `W/${etag}`, "Sat, 01 Jan 2000 00:00:00 GMT"]) {
      const response = await ask(other);
      expect(response.status).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBe(SIZE);
    }
  });

  test("If-None-Match is 304, a wrong If-Match 412", async () => {
    const etag = (await fetch(peer.file, { method: "HEAD" })).headers.get("etag") ?? "";
    const known = await fetch(peer.file, { headers: { "if-none-match": `"x", W/${etag}` } });
    expect(known.status).toBe(304);
    const other = await fetch(peer.file, { headers: { "if-match": '"x"' } });
    expect(other.status).toBe(412);
  });

  test("other methods are 405 and name the right ones", async () => {
    for (const method of ["PUT", "DELETE", "POST", "PATCH", "OPTIONS"]) {
      const response = await fetch(peer.file, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD");
    }
  });

  test("has a Metalink; what is not held has none", async () => {
    const response = await fetch(`${peer.base}/v1/titles/${title}/metalink`);
    expect(response.headers.get("content-type")).toBe("application/metalink4+xml");
    expect(await response.text()).toBe("<metalink/>");
    const other = await fetch(`${peer.base}/v1/titles/${"ee".repeat(32)}/metalink`);
    expect(other.status).toBe(404);
  });

  test("the box tells its key to whoever checks its address", async () => {
    const self = await (await fetch(`${peer.base}/v1/box`)).json();
    expect(self).toEqual({ box: peer.box.publicKey, sharing: true });
  });

  test("it is no proxy: other paths, hosts and absolute URLs lead nowhere", async () => {
    for (const path of ["/", "/v1/", "/http://example.org/", "/v1/titles/../../etc/passwd"]) {
      const response = await fetch(peer.base + path, { headers: { host: "example.org" } });
      expect(response.status).toBe(404);
    }
  });
});

test("a file that is still being filled is served as far as it is held, and right", async () => {
  const size = 3 * MIB;
  const options = { size, clock: systemClock, delivery: "open", held: MIB } as const;
  await using peer = new PeerFixture(options);
  const ask = async (start: number) => {
    const response = await fetch(peer.file, { headers: { range: range(start, MIB) } });
    const body = Buffer.from(await response.arrayBuffer());
    return response.status === 206
      ? body.equals(peer.content.subarray(start, start + MIB))
      : response.status;
  };
  expect([await ask(0), await ask(2 * MIB)]).toEqual([true, 404]);
  peer.hold(size);
  expect([await ask(2 * MIB), await ask(MIB), await ask(0)]).toEqual([true, true, true]);
});

describe("a title against tickets", () => {
  test("without a ticket it is 401, held or not", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    for (const url of [peer.file, peer.file.replace("video", "other")]) {
      const response = await fetch(url);
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe("Spareband");
      expect(await codeOf(response)).toBe("ticket-missing");
    }
  });

  test("receipts that ride along carry a session over its window, and the journal gets it all", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const viewer = peer.viewer();
    const ticket = peer.ticket(viewer);
    for (let part = 0; part < 12; part++) {
      const headers: Record<string, string> = {
        authorization: authorization(ticket),
        range: range(part * MIB, MIB),
      };
      if (part > 0) headers["spareband-receipt"] = peer.receipt(viewer, ticket, part * MIB, part);
      const response = await fetch(peer.file, { headers });
      expect(response.status).toBe(206);
      const body = Buffer.from(await response.arrayBuffer());
      expect(body.equals(peer.content.subarray(part * MIB, (part + 1) * MIB))).toBe(true);
    }
    const last = await fetch(`${peer.base}/v1/receipts`, {
      method: "POST",
      body: JSON.stringify({
        ticket: ticket.hash,
        receipt: peer.receipt(viewer, ticket, 12 * MIB, 12),
      }),
    });
    expect(last.status).toBe(204);
    expect(peer.journal.noted.get(ticket.hash)?.receipt?.body.bytes).toBe(bytes(12 * MIB));
    await peer.stop();
    const [closed, ...more] = peer.journal.closed;
    expect(more).toEqual([]);
    expect(closed?.reason).toBe("shutdown");
    expect(closed?.snapshot.wireBytes).toBe(bytes(12 * MIB));
  });

  test("a viewer that never signs is stopped at W with 402, and goes on once it signs (fault 25)", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const viewer = peer.viewer();
    const ticket = peer.ticket(viewer);
    const ask = (start: number, receipt?: string) =>
      fetch(peer.file, {
        headers: {
          authorization: authorization(ticket),
          range: range(start, MIB),
          ...(receipt && { "spareband-receipt": receipt }),
        },
      });
    await (await ask(0)).arrayBuffer();
    await (await ask(MIB)).arrayBuffer();
    const due = await ask(2 * MIB);
    expect(due.status).toBe(402);
    expect(await codeOf(due)).toBe("receipts-due");
    const forged = peer.receipt(peer.box, ticket, 2 * MIB);
    expect((await ask(2 * MIB, forged)).status).toBe(402);
    const signed = await ask(2 * MIB, peer.receipt(viewer, ticket, 2 * MIB));
    expect(signed.status).toBe(206);
    await signed.arrayBuffer();
  });

  test("one ticket over several connections at once has one total (fault 30)", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const ticket = peer.ticket(peer.viewer());
    const asked = await Promise.all(
      Array.from({ length: 8 }, async (_, part) => {
        const response = await fetch(peer.file, {
          headers: { authorization: authorization(ticket), range: range(part * MIB, MIB) },
        });
        await response.arrayBuffer();
        return response.status;
      }),
    );
    expect(asked.filter((status) => status === 206)).toHaveLength(2);
    expect(asked.filter((status) => status === 402)).toHaveLength(6);
  });

  test("after a restart the ticket goes on from the stored count (fault 16)", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const viewer = peer.viewer();
    const ticket = peer.ticket(viewer, { maxBytes: bytes(3 * MIB) });
    peer.journal.noted.set(ticket.hash, { ticket, wireBytes: bytes(2 * MIB), started: 0 as never });
    const headers = { authorization: authorization(ticket), range: range(0, MIB) };
    expect((await fetch(peer.file, { headers })).status).toBe(402);
    const signed = { ...headers, "spareband-receipt": peer.receipt(viewer, ticket, 2 * MIB) };
    expect((await fetch(peer.file, { headers: signed })).status).toBe(206);
    const over = await fetch(peer.file, { headers });
    expect(over.status).toBe(403);
    expect(await codeOf(over)).toBe("ticket-used-up");
  });

  test("tickets of others, forged, expired, or for another title are 403 with the code", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const viewer = peer.viewer();
    const stranger = createSigner(new Uint8Array(32).fill(9));
    const now = Math.floor(systemClock.wallMs() / 1000);
    const past = {
      notBefore: unixSeconds(now - 9000),
      startBy: unixSeconds(now - 8900),
      expires: unixSeconds(now - 3600),
      settleBy: unixSeconds(now),
    };
    const cases = {
      "wrong-box": peer.ticket(viewer, { box: stranger.publicKey }),
      "unknown-signer": peer.ticket(viewer, {}, stranger),
      "ticket-expired": peer.ticket(viewer, past),
      "wrong-title": peer.ticket(viewer, { title: "ee".repeat(32) as never }),
    };
    for (const [code, ticket] of Object.entries(cases)) {
      const headers = { authorization: authorization(ticket), range: range(0, 10) };
      const response = await fetch(peer.file, { headers });
      expect([code, response.status]).toEqual([code, 403]);
      expect(await codeOf(response)).toBe(code);
    }
    const garbage = await fetch(peer.file, { headers: { authorization: "Spareband AAAA" } });
    expect(await codeOf(garbage)).toBe("malformed");
  });

  test("a full outbox turns new tickets away and keeps those that run (fault 7)", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const headers = (ticket: Parameters<typeof authorization>[0]) => ({
      authorization: authorization(ticket),
      range: range(0, 1000),
    });
    const running = peer.ticket(peer.viewer());
    expect((await fetch(peer.file, { headers: headers(running) })).status).toBe(206);
    peer.journal.admission = { ok: false, reason: "outbox-full" };
    const turned = await fetch(peer.file, { headers: headers(peer.ticket(peer.viewer())) });
    expect(turned.status).toBe(503);
    expect(turned.headers.get("retry-after")).toBe("60");
    expect((await fetch(peer.file, { headers: headers(running) })).status).toBe(206);
  });

  test("guessing tickets is answered with 429 after a while", async () => {
    await using peer = new PeerFixture({ size: 1000, clock: systemClock });
    const statuses = new Set<number>();
    for (let guess = 0; guess < 70; guess++) {
      const headers = { authorization: `Spareband AAA${guess}` };
      statuses.add((await fetch(peer.file, { headers })).status);
    }
    expect([...statuses]).toEqual([403, 429]);
  });

  test("a range longer than the window is answered with its beginning, a whole file with 402", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const ticket = peer.ticket(peer.viewer());
    const whole = await fetch(peer.file, { headers: { authorization: authorization(ticket) } });
    expect(whole.status).toBe(402);
    expect(await codeOf(whole)).toBe("range-needed");
    const long = await fetch(peer.file, {
      headers: { authorization: authorization(ticket), range: "bytes=0-" },
    });
    expect(long.headers.get("content-range")).toBe(`bytes 0-${mebibytes(2) - 1}/${SIZE}`);
    await long.arrayBuffer();
  });
});

describe("when the governor says no", () => {
  test("new requests are 503 with Retry-After", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock, delivery: "open" });
    peer.verdict = { state: "held", reason: "playback" };
    const response = await fetch(peer.file);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("10");
    peer.verdict = { state: "held", reason: "paused" };
    expect((await fetch(peer.file)).headers.get("retry-after")).toBe("600");
  });

  test("what runs is broken off, and the same port serves again afterwards", async () => {
    await using peer = new PeerFixture({
      size: 64 * MIB,
      clock: systemClock,
      delivery: "open",
    });
    const response = await fetch(peer.file);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(first?.done).toBe(false);
    peer.verdict = { state: "held", reason: "playback" };
    const rest = async () => {
      for (;;) {
        const part = await reader?.read();
        // A slow reader, so that the socket's buffers do not swallow the file.
        await Bun.sleep(5);
        if (!part || part.done) return "complete";
      }
    };
    await expect(rest()).rejects.toThrow();
    expect((await fetch(peer.file)).status).toBe(503);
    peer.verdict = wideOpen;
    const again = await fetch(peer.file, { headers: { range: "bytes=0-9" } });
    expect(again.status).toBe(206);
  });

  test("beyond the allowed streams requests wait, and beyond the queue they are turned away", async () => {
    await using peer = new PeerFixture({
      size: 64 * MIB,
      clock: systemClock,
      delivery: "open",
      verdict: { state: "sharing", rate: bitsPerSecond(1e9), maxStreams: 1, reason: "line-idle" },
      server: {
        admission: {
          ...defaultAdmissionLimits,
          waiting: 2,
          longestWaitMs: 60_000,
          stallMs: 60_000,
        },
      },
    });
    // Holds the one stream: it is not read until the others have asked.
    const slow = await fetch(peer.file);
    const small = () => fetch(peer.file, { headers: { range: "bytes=0-9", connection: "close" } });
    const waiting = [small(), small()];
    while (peer.server.stats().waiting < 2) await Bun.sleep(1);
    const turned = await small();
    expect(turned.status).toBe(503);
    expect(Number(turned.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(peer.server.stats()).toMatchObject({ streams: 1, waiting: 2 });
    await slow.arrayBuffer();
    for (const response of await Promise.all(waiting)) expect(response.status).toBe(206);
  });
});
