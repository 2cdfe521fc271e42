import { describe, expect, test } from "bun:test";
import { seededRandom } from "../core/random.ts";
import { bitsPerSecond, milliseconds } from "../core/units.ts";
import { FluidLine } from "./fluid-line.ts";
import { claimOf, evenPart, formatClaim, NEIGHBOUR_LENGTH, NeighbourBook } from "./neighbours.ts";
import { everythingAllowed } from "./policy.ts";

const id = (last: number) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, last);
const at = milliseconds;
const claimed = ({ decision: { state, verdict } }: FluidLine) =>
  claimOf(state.line, state.alone, verdict);

describe("what boxes of one home say to each other", () => {
  test("is heard until it has not been repeated for a few seconds", () => {
    const book = new NeighbourBook(id(1));
    book.hear(formatClaim(id(2), { line: 20e6, wanted: 3e6 }), at(0));
    book.hear(formatClaim(id(3), { line: 0, wanted: Number.POSITIVE_INFINITY }), at(2000));
    expect(book.at(at(2500))).toEqual({ line: 20e6, wanted: [3e6, 0xffffffff * 1000] });
    expect(book.at(at(4000)).wanted).toHaveLength(1);
    expect(book.at(at(6000))).toEqual({ line: 0, wanted: [] });
  });

  test("of itself is not heard, nor anything that is no such message", () => {
    const book = new NeighbourBook(id(1));
    const message = formatClaim(id(2), { line: 1e6, wanted: 1e6 });
    book.hear(formatClaim(id(1), { line: 1e6, wanted: 1e6 }), at(0));
    book.hear(message.subarray(1), at(0));
    book.hear(Uint8Array.of(...message, 0), at(0));
    book.hear(
      message.map((byte, i) => (i === 3 ? byte + 1 : byte)),
      at(0),
    );
    book.hear(new Uint8Array(0), at(0));
    expect(book.at(at(0)).wanted).toHaveLength(0);
  });

  test("is bounded, whoever sends how much of whatever", () => {
    const random = seededRandom(1);
    const book = new NeighbourBook(id(1));
    for (let i = 0; i < 2000; i++) {
      const message = random.bytes(i % 2 ? NEIGHBOUR_LENGTH : i % 64);
      if (i % 2) message.set([0x53, 0x42, 0x4e, 0x31]);
      book.hear(message, at(i));
    }
    expect(book.at(at(2000)).wanted.length).toBeLessThanOrEqual(16);
  });

  test("is nothing while no peer asks, and what peers take where they take less than they may", () => {
    const line = new FluidLine();
    line.settings.demand = false;
    line.run(5000);
    expect(claimed(line)).toBeUndefined();
    line.settings.demand = true;
    line.run(12_000);
    const busy = claimed(line);
    expect(busy?.line).toBeGreaterThan(19e6);
    expect(busy?.wanted).toBeGreaterThan(1e12);
  });

  test("is no more than its people let it have, and nothing where they let it have none", () => {
    const policy = { ...everythingAllowed, maxRate: bitsPerSecond(3e6) };
    const line = new FluidLine({ policy });
    line.run(12_000);
    const wanted = claimed(line)?.wanted;
    expect(wanted).toBeGreaterThan(2.5e6);
    expect(wanted).toBeLessThan(3e6);
    line.settings.policy = { ...policy, paused: true };
    line.run(1000);
    expect(claimed(line)).toBeUndefined();
  });
});

describe("an even part of the line", () => {
  const { line, alone } = (() => {
    const known = new FluidLine();
    known.run(12_000);
    return known.decision.state;
  })();
  const any = Number.POSITIVE_INFINITY;

  test("is all of it without others, and no bound where nobody knows the line", () => {
    expect(evenPart(line, alone, { line: 0, wanted: [] })).toBe(any);
    const { line: unknown } = new FluidLine().decision.state;
    expect(evenPart(unknown, undefined, { line: 0, wanted: [any] })).toBe(any);
  });

  test("is as much as the others that want all, less what those take who want less", () => {
    const whole = evenPart(line, alone, { line: 0, wanted: [0] });
    expect(whole).toBeGreaterThan(18.5e6);
    expect(evenPart(line, alone, { line: 0, wanted: [any] })).toBeCloseTo(whole / 2, -1);
    expect(evenPart(line, alone, { line: 0, wanted: [any, any, any] })).toBeCloseTo(whole / 4, -1);
    expect(evenPart(line, alone, { line: 0, wanted: [any, 1e6, 2e6] })).toBeCloseTo(
      (whole - 3e6) / 2,
      -1,
    );
    expect(evenPart(line, alone, { line: 0, wanted: [1e6, 15e6] })).toBeCloseTo(
      (whole - 1e6) / 2,
      -1,
    );
  });

  test("is of the faster line where they do not agree, for who came second has seen only a part", () => {
    expect(evenPart(line, alone, { line: 40e6, wanted: [any] })).toBeGreaterThan(19e6);
    expect(evenPart(line, alone, { line: 4e6, wanted: [any] })).toBeGreaterThan(9e6);
  });
});

/** Two boxes on one line, which is to each what its family leaves, and a word from each once a second. */
function together(capacity: number, since: number) {
  const boxes = [new FluidLine({ capacity }), new FluidLine({ capacity, demand: false })] as const;
  const books = [new NeighbourBook(id(1)), new NeighbourBook(id(2))] as const;
  const got = [0, 0];
  const run = (until: number, family = 0) => {
    got.fill(0);
    let longest = 0;
    for (let now = boxes[0].at; now < until; now += 25) {
      const rates = boxes.map((box) => (box.settings.demand ? box.rate : 0));
      boxes[1].settings.demand = now >= since;
      for (const [i, box] of boxes.entries()) {
        box.settings.family = family + (rates[1 - i] ?? 0);
        got[i] = (got[i] ?? 0) + box.run(25).own;
        longest = Math.max(longest, box.queue);
      }
      if (now % 1000 === 0) speak(now);
    }
    const [a = 0, b = 0] = got;
    return { jain: (a + b) ** 2 / (2 * (a ** 2 + b ** 2)), ticks: (a + b) * 25, longest };
  };
  const speak = (now: number) => {
    for (const [i, box] of boxes.entries()) {
      const claim = claimed(box);
      if (claim) books[1 - i]?.hear(formatClaim(id(i + 1), claim), at(now));
    }
    for (const [i, box] of boxes.entries()) {
      box.settings.neighbours = books[i]?.at(at(now)) ?? box.settings.neighbours;
    }
  };
  return { boxes, run };
}

describe("two boxes in one home", () => {
  for (const capacity of [10e6, 20e6, 50e6]) {
    for (const since of [0, 10_000, 11_300, 12_700]) {
      test(`share ${capacity / 1e6} Mbit/s evenly, the second one ${since} ms later`, () => {
        const { boxes, run } = together(capacity, since);
        run(since + 12_000);
        const { jain, ticks } = run(since + 27_000);
        expect(jain).toBeGreaterThan(0.95);
        expect(ticks / 15_000).toBeGreaterThan(0.85 * capacity);
        expect(boxes.map(({ decision }) => decision.verdict.state)).toEqual(["sharing", "sharing"]);
      });
    }
  }

  test("leave it to the family as one does", () => {
    const { boxes, run } = together(20e6, 8000);
    run(25_000);
    const { ticks } = run(26_000, 100e6);
    expect(ticks / 1000).toBeLessThan(0.2 * 20e6);
    expect(run(30_000, 100e6).ticks / 4000).toBeLessThan(0.03 * 20e6);
    expect(boxes).toHaveLength(2);
  });

  test("the one that stays has all of it when the other has gone", () => {
    const { boxes, run } = together(20e6, 8000);
    run(25_000);
    boxes[0].settings.neighbours = { line: 0, wanted: [] };
    boxes[0].settings.family = 0;
    boxes[0].run(15_000);
    expect(boxes[0].run(5000).own).toBeGreaterThan(0.9 * 20e6);
  });
});
