import { expect, test } from "bun:test";
import { FluidLine } from "./fluid-line.ts";
import { CAPACITY, untilQueue } from "./held-line.ts";

test("far away, who begins to send and comes again a round trip later is somebody", () => {
  const { look } = untilQueue(0, 150);
  let line = look(25, 0.8 * CAPACITY, 6);
  expect(line.phase.kind).toBe("settle");
  const waits = [6, 6, 6, 3, 0, 0, 0, 0, 0, 0, 0];
  for (const queue of waits) {
    line = look(25, line.rate, queue);
    expect(line.phase.kind).toBe("settle");
  }
  // Of the same height as before: his window is twice as long, but most of the line is his.
  expect(look(25, 0.8 * line.rate, 6).phase.kind).toBe("look");
});

test("far away the line is left at a smaller first sign, and nearly all of it", () => {
  const after = (base: number, part = 1) => {
    const { look, held } = untilQueue(0, base);
    for (let i = 0; i < 6; i++) look(25, held, 0.5);
    look(25, part * held, 0.5);
    return look(25, held, 4.4).rate / held;
  };
  expect(after(20)).toBeGreaterThan(0.9);
  expect(after(50)).toBeLessThan(0.2);
  // Still further away he tolerates it.
  expect(after(80)).toBeLessThan(0.2);
  expect(after(150)).toBeGreaterThan(0.9);
  // And not for what we have just sent too much.
  expect(after(50, 1.3)).toBeGreaterThan(0.9);
});

test("far away a first sign is one though all that left has arrived", () => {
  const after = (base: number) => {
    const { look, held } = untilQueue(0, base);
    for (let i = 0; i < 6; i++) look(25, held, 0.5);
    let line = look(25, CAPACITY, 6);
    expect(line.phase.kind).toBe("settle");
    const from = line.at;
    while (line.phase.kind === "settle" && line.at - from < 1000) line = look(10, line.rate, 0);
    return { waited: line.at - from, part: line.rate / held };
  };
  expect(after(20).part).toBeGreaterThan(0.9);
  expect(after(50).part).toBeLessThan(0.8);
  expect(after(50).waited).toBeGreaterThanOrEqual(100);
});

test("far away somebody's first packets are seen while a step of ours settles", () => {
  const after = (base: number, wait: number) => {
    const { look, held, put } = untilQueue(0, base);
    for (let i = 0; i < 6; i++) look(25, held, 1);
    put({ kind: "settle", since: look(25, held, 1.5).at, resume: held }, 0.9 * held);
    for (let waited = 25; waited < wait; waited += 25) look(25, 0.9 * held, 1.5);
    return look(25, 0.9 * held, 5.5).rate / held;
  };
  expect(after(20, 75)).toBeGreaterThan(0.8);
  expect(after(50, 75)).toBeLessThan(0.2);
  // What left before may have met that step itself, which grows for a round trip more.
  expect(after(50, 25)).toBeGreaterThan(0.8);
});

test("far away less than a tenth of the time is spent where he would be met above what is held", () => {
  const creeping = (rtt: number) => {
    const line = new FluidLine({ rtt });
    line.run(10_000);
    let ticks = 0;
    let above = 0;
    for (; ticks < 2400; ticks++) {
      line.run(25);
      const { kind } = line.decision.state.line.phase;
      if (kind === "creep" || kind === "settle") above++;
    }
    return above / ticks;
  };
  expect(creeping(20)).toBeGreaterThan(0.12);
  expect(creeping(50)).toBeLessThan(0.1);
});
