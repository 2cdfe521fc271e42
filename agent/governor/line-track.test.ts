import { describe, expect, test } from "bun:test";
import { seededRandom } from "../core/random.ts";
import { bitsPerSecond, milliseconds } from "../core/units.ts";
import { FluidLine } from "./fluid-line.ts";
import { learnChanges } from "./line-change.ts";
import type { LineState } from "./line-state.ts";
import { look } from "./line-view.ts";

const STEP_MS = 100;

/** A line of radio: each tenth of a second up to 15 per cent more or less, between 4 and 30 Mbit/s. */
function radio(seed: number) {
  const random = seededRandom(seed);
  const line = new FluidLine({ capacity: 15e6, buffer: 300 });
  line.run(4000);
  /** Means over the time, and the queue that is met for 5 per cent of it. */
  const run = (duration: number) => {
    const queues: number[] = [];
    let own = 0;
    let carried = 0;
    for (let at = 0; at < duration; at += STEP_MS) {
      const next = line.settings.capacity * (0.85 + 0.3 * random.unit());
      line.settings.capacity = Math.min(30e6, Math.max(4e6, next));
      own += line.run(STEP_MS).own;
      carried += line.settings.capacity;
      queues.push(line.queue);
    }
    queues.sort((a, b) => a - b);
    return { used: own / carried, queue: queues[Math.floor(0.95 * queues.length)] ?? 0 };
  };
  return { line, run };
}

describe("a line that keeps changing", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    test(`is followed with a short queue (${seed})`, () => {
      const { run } = radio(seed);
      run(30_000);
      const { used, queue } = run(60_000);
      expect(used).toBeGreaterThan(0.88);
      expect(queue).toBeLessThan(20);
    });

    test(`is left to who uploads, and followed again (${seed})`, () => {
      const { line, run } = radio(seed);
      run(30_000);
      line.settings.family = 100e6;
      run(500);
      expect(run(10_000).used).toBeLessThan(0.03);
      line.settings.family = 0;
      run(4000);
      expect(run(10_000).used).toBeGreaterThan(0.6);
    });
  }

  test("is followed from its first fall on, where it had risen soon after it was found", () => {
    const line = new FluidLine({ capacity: 10e6 });
    line.until(({ decision }) => decision.state.line.phase.kind === "hold");
    line.settings.capacity = 24e6;
    line.run(7000);
    expect(line.rate).toBeGreaterThan(20e6);
    line.settings.capacity = 10e6;
    const followed = ({ decision }: FluidLine) => decision.state.line.phase.kind === "track";
    expect(line.until(followed)).toBeLessThan(1000);
  });

  test("and then stands still is held below its knee again, without a queue", () => {
    const { line, run } = radio(1);
    run(30_000);
    line.settings.capacity = 12e6;
    line.run(25_000);
    expect(line.decision.state.line.phase.kind).not.toBe("track");
    const { own, longest } = line.run(20_000);
    expect(own).toBeGreaterThan(0.93 * 12e6);
    expect(longest).toBeLessThan(12);
  });
});

describe("a fall of the line", () => {
  const known = (settings: ConstructorParameters<typeof FluidLine>[0] = {}) => {
    const line = new FluidLine(settings);
    line.run(12_000);
    return line;
  };

  for (const part of [0.25, 0.4, 0.6, 0.8]) {
    test(`to ${100 * part} % is known from a train, and nobody is suspected`, () => {
      const line = known();
      line.settings.capacity = part * 20e6;
      expect(line.until(({ rate }) => rate < part * 20e6)).toBeLessThan(300);
      line.run(1000);
      const { own } = line.run(3000);
      expect(own).toBeGreaterThan(0.8 * part * 20e6);
      expect(line.decision.state.line.activity).toBeLessThan(1);
    });
  }

  for (const [after, changes] of [
    [620, 0],
    [3000, 2],
  ] as const) {
    test(`that a train takes back ${after} ms later counts ${changes} times`, () => {
      const { at, ...line } = known().decision.state.line;
      const met = { at, sentAt: at - 60, queue: 20, back: 0 };
      const begun: LineState = {
        ...line,
        at,
        phase: { kind: "look", since: at, drained: 0 },
        delay: { ...line.delay, queue: [...line.delay.queue, met] },
      };
      const told = (state: LineState, megabits: number, later: number) => {
        const train = {
          sentAt: milliseconds(at + later - 30),
          rate: bitsPerSecond(megabits * 1e6),
          spread: milliseconds(5),
        };
        const view = look(state, { at: milliseconds(at), delays: [], train });
        return learnChanges(state, { ...view, at: at + later });
      };
      const slower = told(begun, 12, 0);
      expect(slower.changes).toHaveLength(1);
      const again = told(told(slower, 20, after), 20, after + 180);
      expect(again.changes).toHaveLength(changes);
      expect(again.carried?.least).toBe(20e6);
    });
  }

  test("is not believed while somebody uploads", () => {
    const line = known();
    line.settings.family = 100e6;
    line.run(3000);
    expect(line.decision.state.line.capacity).toBeGreaterThan(19e6);
    expect(line.decision.state.line.changes).toHaveLength(0);
  });
});
