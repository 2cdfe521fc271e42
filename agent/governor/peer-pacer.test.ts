import { expect, test } from "bun:test";
import type { PeerReading, PeerSockets } from "../../hardware/sockets.ts";
import { type BitsPerSecond, bitsPerSecond, bytes, milliseconds } from "../core/units.ts";
import { oneFlow } from "./one-flow.ts";
import { PeerPacer } from "./peer-pacer.ts";

const TICK_MS = 25;
const LITTLE = bitsPerSecond(800_000);

/** Three peers that never have enough; what the one that is next in line waits with, in Mbit/s, second by second. */
function waits(rateAt: (at: number) => BitsPerSecond, seconds: number): number[] {
  const rates = new Map<string, number>();
  const sockets: PeerSockets = {
    ability: "paced",
    read: () => Promise.reject(new Error("not read")),
    pace: (id, rate) => Boolean(rates.set(id, rate)),
    paceNew: () => {},
    control: () => {},
    cut: () => true,
  };
  const pacer = new PeerPacer(sockets);
  const flows = ["a", "b", "c"].map((id) => oneFlow({ id, notSent: bytes(9e4), inFlight: 20 }));
  const seen: number[] = [];
  for (let at = 0; at <= seconds * 1000; at += TICK_MS) {
    const reading: PeerReading = {
      ...{ at: milliseconds(at), flows, retransmitted: 0, marked: 0 },
      ...{ sent: bytes(0), acknowledged: bytes(0) },
    };
    const rate = rateAt(at);
    const verdict = { state: "sharing", rate, maxStreams: 8, reason: "line-idle" } as const;
    pacer.pace(reading, verdict, rate === LITTLE, at);
    if (at % 1000 === 975) seen.push(Math.min(...rates.values()) / 1e6);
  }
  return seen;
}

test("who is next in line waits with more only where a turn may pass soon", () => {
  const seen = waits(() => bitsPerSecond(20e6), 14);
  expect(seen.slice(0, 2)).toEqual([2, 2]);
  expect(seen.slice(2, 9)).toEqual(new Array(7).fill(0.5));
  // The turns of the first two pass after ten seconds.
  expect(seen.slice(9, 12)).toEqual([2, 2, 2]);
  expect(seen.slice(12)).toEqual([0.5, 0.5]);
});

test("after room was made it waits with more, for the others may have to find their feet", () => {
  const seen = waits((at) => (at > 4000 && at < 5000 ? LITTLE : bitsPerSecond(20e6)), 8);
  expect(seen[3]).toBe(0.5);
  expect(seen.slice(5)).toEqual([2, 0.5, 0.5]);
});
