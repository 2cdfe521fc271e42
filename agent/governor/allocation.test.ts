import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bitsPerSecond, bytes, milliseconds } from "../core/units.ts";
import {
  allocate,
  type Before,
  isSettled,
  mostStreams,
  nothingBefore,
  type Passing,
} from "./allocation.ts";
import { oneFlow } from "./one-flow.ts";

const RATE = bitsPerSecond(20e6);
const STREAMS = mostStreams(RATE);

const flow = (id: string, notSent: number, inFlight = notSent > 0 ? 20 : 0) =>
  oneFlow({ id, notSent: bytes(notSent), inFlight });

/** Who sends, tick by tick, by what is unsent in each connection. */
function follow(
  ticks: readonly Readonly<Record<string, number>>[],
  every = 25,
  passing: Passing = "often",
) {
  let before: Before = nothingBefore;
  return ticks.map((unsent, i) => {
    const flows = Object.entries(unsent).map(([id, amount]) => flow(id, amount));
    const given = allocate(flows, RATE, STREAMS, i * every, before, passing);
    before = given;
    const { turns } = given;
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

  test("the next one has its rate while the last one ends, for less than its own segments wait", () => {
    const seen = follow([
      ...Array.from({ length: 5 }, () => ({ a: 9e4, b: 9e4, c: 9e4 })),
      { a: 1e4, b: 9e4, c: 9e4 },
      { a: 0, b: 9e4, c: 9e4 },
    ]).slice(4);
    expect(seen.map(({ senders }) => senders.sort().join(""))).toEqual(["ab", "abc", "bc"]);
    expect([...(seen[1]?.rates.values() ?? [])]).toEqual([10e6, 10e6, 10e6].map(bitsPerSecond));
    for (const i of [0, 2]) expect(seen[i]?.sum).toBeCloseTo(RATE, -2);
    const [rest, waited] = [(1e4 * 8000) / 10e6, 24e6 / (seen[0]?.rates.get("c") ?? 0)];
    expect(rest).toBeLessThan(waited);
  });

  test("a rest of a few bytes is no reason for a rate that takes seconds", () => {
    const seen = follow([
      ...Array.from({ length: 5 }, () => ({ a: 9e4, b: 9e4, c: 9e4 })),
      { a: 10, b: 9e4, c: 9e4 },
    ]);
    expect(seen[5]?.rates.get("a")).toBeGreaterThan(1e6);
  });

  test("who sends nothing in its turn loses it to who waits, and has one again when it wakes", () => {
    let before: Before = nothingBefore;
    const turn = (from: number, to: number, quiet: number) => {
      const senders = new Set<string>();
      for (let at = from; at < to; at += 25) {
        const others = ["a", "b", "c"].map((id) => flow(id, 9e4));
        const late = { ...flow("late", 9e4, 0), quiet: milliseconds(quiet) };
        before = allocate([late, ...others], RATE, STREAMS, at, before, "often");
        for (const [id, since] of before.turns) if (since !== "waits") senders.add(id);
      }
      return [...senders].sort().join();
    };
    expect(turn(0, 100, 0)).toBe("a,late");
    expect(turn(500, 5000, 5000)).toBe("a,b");
    expect(turn(5000, 30_000, 10)).toBe("a,b,c,late");
  });

  test("who comes back from a moment of little is not taken for stalled while its next segments wait at the rate of then", () => {
    // The kernel: the next pair waits for the time that a rate gives it which was read when the last answer came.
    const peers = [..."abcdefgh"].map((id) => ({ id, leftAt: 0, nextAt: 0, read: 2e4, sent: 0 }));
    let before: Before = nothingBefore;
    for (let at = 0; at < 14_000; at++) {
      const isLittle = at < 4000;
      if (at % 25 === 0) {
        const flows = peers.map(({ id, leftAt }) => ({
          ...flow(id, 9e4),
          quiet: milliseconds(at - leftAt),
        }));
        const rate = bitsPerSecond(isLittle ? 100_000 : 800_000);
        before = allocate(flows, rate, 1, at, before, isLittle ? "never" : "often");
      }
      for (const peer of peers) {
        if (at === peer.leftAt + 20) peer.read = before.rates.get(peer.id) ?? 1;
        if (at < peer.nextAt) continue;
        Object.assign(peer, { leftAt: at, nextAt: at + 24e6 / peer.read });
        if (at >= 8000) peer.sent += 24e3;
      }
    }
    const sent = peers.reduce((sum, peer) => sum + peer.sent, 0) / 6;
    expect(sent).toBeGreaterThan(0.85 * 800_000);
  });

  test("on a line for one at a time the next one still gets something while the last one ends", () => {
    let before: Before = nothingBefore;
    for (let at = 0; at < 400; at += 25) {
      const rest = at < 300 ? 9e4 : Math.max(0, 33e3 * (1 - (at - 300) / 100));
      const flows = [flow("a", rest), ...["b", "c", "d"].map((id) => flow(id, 9e4))];
      const given = allocate(flows, bitsPerSecond(15e6), 1, at, before, "often");
      before = given;
      const next = [...given.turns].find(([, turn]) => turn === "waits")?.[0] ?? "";
      expect(given.rates.get(next)).toBeGreaterThanOrEqual(500_000);
      for (const rate of given.rates.values()) expect(rate).toBeGreaterThanOrEqual(240_000);
    }
  });

  test("one that ends alone is not slowed down", () => {
    const [, last] = follow([{ a: 9e4 }, { a: 1e4 }]);
    expect(last?.rates.get("a")).toBeCloseTo(RATE, -2);
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
    for (const passing of ["often", "seldom"] as const) {
      for (const count of [1, 2, 3, 8, 40]) {
        const ids = Array.from({ length: count }, (_, i) => [`${i}`, 9e4] as const);
        const [seen] = follow([Object.fromEntries(ids)], 25, passing);
        expect(seen?.sum).toBeGreaterThan(0.999 * RATE);
        expect(seen?.sum).toBeLessThan(1.001 * RATE);
        expect(seen?.senders).toHaveLength(Math.min(count, mostStreams(RATE)));
      }
    }
  });

  test("who is next in line can start soon, as who idles, and those behind later; less so where turns are long", () => {
    const waits = (passing: Passing) => {
      const all = { a: 9e4, b: 9e4, c: 9e4, d: 9e4, e: 9e4, f: 9e4, idle: 0 };
      const [seen] = follow([all], 25, passing);
      const wait = (id: string) => Math.round((2 * 1500 * 8 * 1000) / (seen?.rates.get(id) ?? 0));
      return ["c", "d", "e", "f", "idle"].map(wait);
    };
    expect(waits("often")).toEqual([24, 48, 100, 100, 48]);
    expect(waits("seldom")).toEqual([48, 100, 100, 100, 100]);
  });

  test("where nobody sends who begins has at once what a sender has", () => {
    const [seen] = follow([{ a: 0, b: 0, c: 0 }]);
    expect([...(seen?.rates.values() ?? [])]).toEqual([10e6, 10e6, 10e6].map(bitsPerSecond));
  });

  test("who has just got a turn is not taken for one that ends, though it has little at hand yet", () => {
    const seen = follow([
      { a: 9e4, b: 9e4, c: 1e4, d: 1e4 },
      { a: 0, b: 9e4, c: 1e4, d: 1e4 },
      { a: 0, b: 9e4, c: 9e4, d: 1e4 },
    ]);
    expect(seen.map(({ senders }) => senders.sort().join(""))).toEqual(["ab", "bc", "bc"]);
  });
});

test("while room is made who has the turn comes back first, and nobody sleeps for long", () => {
  const flows = [...["a", "b", "c", "d"].map((id) => flow(id, 9e4)), flow("e", 0, 3), flow("f", 0)];
  const usual = allocate(flows, RATE, STREAMS, 0, nothingBefore, "often");
  const little = bitsPerSecond(200_000);
  const { rates } = allocate(flows, little, 1, 25, usual, "never");
  const of = (id: string) => Math.round(rates.get(id) ?? 0);
  expect(of("a")).toBe(120_000);
  expect([of("b"), of("c"), of("d"), of("e")]).toEqual([20_000, 20_000, 20_000, 20_000]);
  expect(of("f")).toBe(50_000);
});

test("while room is made one that sends nothing, for it has lost a segment, goes behind the others", () => {
  const little = bitsPerSecond(200_000);
  const lost = { ...flow("a", 9e4), quiet: milliseconds(1100) };
  const flows = [lost, flow("b", 9e4), flow("c", 9e4)];
  const first = (at: number, before: Before) => {
    const given = allocate(flows, little, 1, at, before, "never");
    return { given, ids: [...given.turns.keys()].join("") };
  };
  const begun = first(0, nothingBefore);
  expect(begun.ids).toBe("abc");
  const soon = first(500, begun.given);
  expect(soon.ids).toBe("abc");
  const later = first(1050, soon.given);
  expect(later.ids).toBe("bca");
  expect(first(2400, later.given).ids).toBe("bca");
});

test("where nothing is said to change a new allocation is the same, whatever is unsent", () => {
  const connection = fc.tuple(fc.nat(3e5), fc.nat(3e5));
  const rates = fc.integer({ min: 1e6, max: 1e8 }).map(bitsPerSecond);
  fc.assert(
    fc.property(
      fc.array(connection, { maxLength: 6 }),
      rates,
      fc.nat(20_000),
      (all, rate, later) => {
        const before = all.map(([unsent], i) => flow(`${i}`, unsent));
        const after = all.map(([, unsent], i) => flow(`${i}`, unsent));
        const streams = mostStreams(rate);
        const given = allocate(before, rate, streams, 0, nothingBefore, "seldom");
        if (!isSettled(after, streams, given)) return;
        const again = allocate(after, rate, streams, later, given, "seldom");
        expect(new Map(again.rates)).toEqual(new Map(given.rates));
        expect(again.fresh).toBe(given.fresh);
        expect(new Set(again.turns.keys())).toEqual(new Set(given.turns.keys()));
      },
    ),
  );
});

test("nothing is settled while somebody waits, comes, goes, begins or ends", () => {
  const two = [flow("a", 9e4), flow("b", 9e4)];
  const given = allocate(two, RATE, STREAMS, 0, nothingBefore, "often");
  expect(isSettled(two, STREAMS, given)).toBe(true);
  const others = [[flow("a", 9e4)], [...two, flow("c", 0)], [flow("a", 9e4), flow("b", 0)]];
  for (const flows of others) expect(isSettled(flows, STREAMS, given)).toBe(false);
  const three = [...two, flow("c", 9e4)];
  expect(isSettled(three, STREAMS, allocate(three, RATE, STREAMS, 0, nothingBefore, "often"))).toBe(
    false,
  );
});
