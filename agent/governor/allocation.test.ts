import { describe, expect, test } from "bun:test";
import type { PeerFlow } from "../../hardware/sockets.ts";
import { bitsPerSecond, bytes, milliseconds } from "../core/units.ts";
import { allocate, mostStreams, type Turns } from "./allocation.ts";

const RATE = bitsPerSecond(20e6);

const flow = (id: string, notSent: number, inFlight = notSent > 0 ? 20 : 0): PeerFlow => ({
  id,
  rtt: milliseconds(20),
  minRtt: milliseconds(20),
  segment: bytes(1448),
  window: 100,
  inFlight,
  notSent: bytes(notSent),
  quiet: milliseconds(0),
  sent: bytes(0),
  acknowledged: bytes(0),
  retransmitted: 0,
  marked: 0,
});

/** Who sends, tick by tick, by what is unsent in each connection. */
function follow(ticks: readonly Readonly<Record<string, number>>[], every = 25) {
  let turns: Turns = new Map();
  return ticks.map((unsent, i) => {
    const flows = Object.entries(unsent).map(([id, amount]) => flow(id, amount));
    const given = allocate(flows, RATE, i * every, turns, false);
    turns = given.turns;
    const sum = flows.reduce((all, { id, notSent }) => {
      return notSent > 0 ? all + (given.rates.get(id) ?? 0) : all;
    }, 0);
    const senders = [...turns].filter(([, turn]) => turn !== "waits").map(([id]) => id);
    return { senders, sum, rates: given.rates };
  });
}

describe("turns", () => {
  test("a response that has begun goes on when an earlier connection asks again", () => {
    const seen = follow([
      { a: 9e4, b: 9e4, c: 9e4 },
      { a: 0, b: 9e4, c: 9e4 },
      { a: 9e4, b: 9e4, c: 9e4 },
      { a: 9e4, b: 0, c: 9e4 },
    ]);
    expect(seen.map(({ senders }) => senders.sort().join(""))).toEqual(["ab", "bc", "bc", "ac"]);
  });

  test("after ten seconds the next in line has its turn, and everybody has one", () => {
    const all = { a: 9e4, b: 9e4, c: 9e4, d: 9e4, e: 9e4 };
    const seen = follow(
      Array.from({ length: 60 }, () => all),
      1000,
    );
    const ids = seen.flatMap(({ senders }) => senders);
    for (const id of "abcde") {
      expect(ids.filter((sender) => sender === id).length).toBeGreaterThan(15);
    }
  });

  test("what all get together is the rate, however many wait", () => {
    for (const count of [1, 2, 3, 8, 40]) {
      const ids = Array.from({ length: count }, (_, i) => [`${i}`, 9e4] as const);
      const [seen] = follow([Object.fromEntries(ids)]);
      expect(seen?.sum).toBeGreaterThan(0.999 * RATE);
      expect(seen?.sum).toBeLessThan(1.001 * RATE);
      expect(seen?.senders).toHaveLength(Math.min(count, mostStreams(RATE)));
    }
  });

  test("who waits or idles can start within a quarter of a tenth of a second", () => {
    const [seen] = follow([{ a: 9e4, b: 9e4, c: 9e4, idle: 0 }]);
    for (const id of ["c", "idle"]) {
      expect((2 * 1500 * 8 * 1000) / (seen?.rates.get(id) ?? 0)).toBeLessThanOrEqual(25);
    }
  });
});

test("while room is made all that send get the same", () => {
  const flows = [flow("a", 9e4), flow("b", 0, 3), flow("c", 0)];
  const { rates } = allocate(flows, bitsPerSecond(200_000), 0, new Map(), true);
  expect([...rates.values()].map(Math.round)).toEqual([100_000, 100_000, 50_000]);
});
