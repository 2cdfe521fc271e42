import { expect, test } from "bun:test";
import type { PeerFlow, PeerSockets } from "../../hardware/sockets.ts";
import { bitsPerSecond, bytes, milliseconds } from "../core/units.ts";
import { PeerPacer } from "./peer-pacer.ts";

const RATE = 16e6;

/** Two responses at a time of four, of which one ends every half second; `part` of what is given leaves. */
function turning(part: number, responsesEnd: boolean): number {
  const given = new Map<string, number>();
  const sockets: PeerSockets = {
    ability: "paced",
    read: () => Promise.reject(new Error("not read here")),
    pace: (id, rate) => given.set(id, rate).size > 0,
    paceNew: () => {},
    control: () => {},
    cut: () => true,
  };
  const pacer = new PeerPacer(sockets);
  const verdict = {
    state: "sharing",
    rate: bitsPerSecond(RATE),
    maxStreams: 8,
    reason: "line-idle",
  } as const;
  let sent = 0;
  let sum = RATE;
  for (let at = 0; at <= 10_000; at += 25) {
    const first = responsesEnd ? Math.floor(at / 500) : 0;
    const flows = [0, 1, 2, 3].map((i) => flowOf(`${first + i}`));
    pacer.pace({ at: milliseconds(at), flows, ...countedOf(sent) }, verdict, false, at);
    sum = flows.reduce((rates, { id }) => rates + (given.get(id) ?? 0), 0);
    sent += (part * Math.min(sum, RATE * 1.1) * 25) / 8000;
  }
  return sum / RATE;
}

const countedOf = (sent: number) => ({
  sent: bytes(sent),
  acknowledged: bytes(sent),
  retransmitted: 0,
  marked: 0,
});

const flowOf = (id: string): PeerFlow => ({
  id,
  rtt: milliseconds(20),
  minRtt: milliseconds(20),
  segment: bytes(1448),
  window: 40,
  inFlight: 20,
  notSent: bytes(200_000),
  quiet: milliseconds(0),
  ...countedOf(0),
});

test("what lies idle between turns is made up for, and never more than three per cent", () => {
  const made = turning(0.98, true);
  expect(made).toBeGreaterThan(1.015);
  expect(made).toBeLessThan(1.025);
  expect(turning(0.5, true)).toBeLessThan(1.031);
});

test("where no turn passes, or all leaves, nothing is added", () => {
  expect(turning(0.98, false)).toBeCloseTo(1, 2);
  expect(turning(1, true)).toBeCloseTo(1, 2);
});
