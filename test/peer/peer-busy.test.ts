/** A box over real sockets when the governor says no, or not so many. */
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bitsPerSecond } from "../../agent/core/units.ts";
import { defaultAdmissionLimits } from "../../agent/peer/admission.ts";
import { MIB, SIZE } from "./answers.ts";
import { PeerFixture, wideOpen } from "./peer-fixture.ts";

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
