import { expect, test } from "bun:test";
import type { PeerReading, PeerSockets } from "../../hardware/sockets.ts";
import { type BitsPerSecond, bitsPerSecond, bytes, milliseconds } from "../core/units.ts";
import { oneFlow } from "./one-flow.ts";
import { PeerPacer } from "./peer-pacer.ts";

const TICK_MS = 25;
const LITTLE = bitsPerSecond(800_000);

/** Three peers, and what the one that is next in line waits with, in Mbit/s, at the end of each second. */
function waits(
  seconds: number,
  rateAt: (at: number) => BitsPerSecond = () => bitsPerSecond(20e6),
  unsentAt: (id: string, at: number) => number = () => 9e4,
): number[] {
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
  const seen: number[] = [];
  for (let at = 0; at <= seconds * 1000; at += TICK_MS) {
    const flow = (id: string) => oneFlow({ id, notSent: bytes(unsentAt(id, at)), inFlight: 20 });
    const reading: PeerReading = {
      ...{ at: milliseconds(at), flows: ["a", "b", "c"].map(flow), retransmitted: 0, marked: 0 },
      ...{ sent: bytes(0), acknowledged: bytes(0) },
    };
    const rate = rateAt(at);
    const verdict = { state: "sharing", rate, maxStreams: 2, reason: "line-idle" } as const;
    pacer.pace(reading, verdict, rate === LITTLE, at);
    if (at % 1000 === 975) seen.push(Math.min(...rates.values()) / 1e6);
  }
  return seen;
}

test("who is next in line waits with more only where a turn may pass soon", () => {
  const seen = waits(14);
  expect(seen.slice(0, 9)).toEqual(new Array(9).fill(0.5));
  // The turns of the first two pass after ten seconds.
  expect(seen.slice(9)).toEqual([2, 0.5, 0.5, 0.5, 0.5]);
});

test("where responses end it waits with more, for some time", () => {
  const ends = (id: string, at: number) => (id === "a" && at % 10_000 === 4500 ? 0 : 9e4);
  expect(waits(8, undefined, ends)).toEqual([0.5, 0.5, 0.5, 0.5, 1, 1, 0.5, 0.5]);
});

test("after room was made it waits with more, for the others may have to find their feet", () => {
  const seen = waits(8, (at) => (at > 4000 && at < 5000 ? LITTLE : bitsPerSecond(20e6)));
  expect(seen[3]).toBe(0.5);
  expect(seen.slice(5)).toEqual([1, 0.5, 0.5]);
});
