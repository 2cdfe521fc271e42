/** A title that wants tickets, over real sockets: sessions, receipts, the window, and who is refused. */
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bytes, mebibytes, unixSeconds } from "../../agent/core/units.ts";
import { createSigner } from "../../agent/identity/ed25519.ts";
import { codeOf, MIB, range, SIZE } from "./answers.ts";
import { authorization, PeerFixture } from "./peer-fixture.ts";

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

  test("the scheme may be written in any case", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const given = authorization(peer.ticket(peer.viewer()));
    for (const written of [given, given.replace("Spareband", "spareband")]) {
      const headers = { authorization: written, range: range(0, 10) };
      expect((await fetch(peer.file, { headers })).status).toBe(206);
    }
    const other = { authorization: given.replace("Spareband", "Bearer") };
    expect((await fetch(peer.file, { headers: other })).status).toBe(401);
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

  test("the last receipt counts after a restart, when its ticket is shown with it", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const viewer = peer.viewer();
    const ticket = peer.ticket(viewer);
    peer.journal.noted.set(ticket.hash, { ticket, wireBytes: bytes(2 * MIB), started: 0 as never });
    const post = (amount: number, headers: Record<string, string>) =>
      fetch(`${peer.base}/v1/receipts`, {
        method: "POST",
        headers,
        body: JSON.stringify({
          ticket: ticket.hash,
          receipt: peer.receipt(viewer, ticket, amount),
        }),
      });
    const alone = await post(2 * MIB, {});
    expect([alone.status, await codeOf(alone)]).toEqual([403, "ticket-not-shown"]);
    const shown = { authorization: authorization(ticket) };
    expect(await codeOf(await post(3 * MIB, shown))).toBe("over-wire");
    expect((await post(2 * MIB, shown)).status).toBe(204);
    expect((await post(MIB, {})).status).toBe(204);
    const strange = { authorization: authorization(peer.ticket(viewer, {}, peer.box)) };
    expect((await post(2 * MIB, strange)).status).toBe(403);
    await peer.stop();
    expect(peer.journal.closed.map(({ snapshot }) => snapshot.receipt?.body.bytes)).toEqual([
      bytes(2 * MIB),
    ]);
  });

  test("a ticket for one title tells nothing of others, and HEAD wants one that is good", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const viewer = peer.viewer();
    const answers = async (ticket: Parameters<typeof authorization>[0], method: string) => {
      const headers = { authorization: authorization(ticket) };
      const urls = [peer.file, peer.file.replace("ab".repeat(32), "ba".repeat(32))];
      return Promise.all(urls.map(async (url) => (await fetch(url, { method, headers })).status));
    };
    const elsewhere = peer.ticket(viewer, { title: "ee".repeat(32) as never });
    expect(await answers(elsewhere, "GET")).toEqual([403, 403]);
    expect(await answers(elsewhere, "HEAD")).toEqual([403, 403]);
    expect(await answers(peer.ticket(viewer), "HEAD")).toEqual([200, 403]);
    const now = Math.floor(systemClock.wallMs() / 1000);
    const over = peer.ticket(viewer, {
      notBefore: unixSeconds(now - 9000),
      startBy: unixSeconds(now - 8900),
      expires: unixSeconds(now - 3600),
      settleBy: unixSeconds(now),
    });
    expect(await answers(over, "HEAD")).toEqual([403, 403]);
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

  test("a range longer than what the ticket has left is answered with its beginning", async () => {
    await using peer = new PeerFixture({ size: SIZE, clock: systemClock });
    const ticket = peer.ticket(peer.viewer(), { maxBytes: bytes(1_500_000) });
    const ask = async (from: number) => {
      const headers = { authorization: authorization(ticket), range: `bytes=${from}-` };
      const response = await fetch(peer.file, { headers });
      return [response.status, (await response.arrayBuffer()).byteLength];
    };
    expect(await ask(SIZE - 1000)).toEqual([206, 1000]);
    expect(await ask(1000)).toEqual([206, 1_499_000]);
    expect((await ask(0))[0]).toBe(403);
    await peer.stop();
    expect(peer.journal.closed.map(({ snapshot }) => snapshot.wireBytes)).toEqual([
      bytes(1_500_000),
    ]);
  });
});
