import { expect, test } from "bun:test";
import { milliseconds } from "../core/units.ts";
import { greedyPeers } from "./greedy-peers.ts";
import { CAPACITY, untilQueue } from "./held-line.ts";
import { followFall } from "./line-change.ts";
import { duck } from "./line-sign.ts";
import { look as view } from "./line-view.ts";

test("a line that stood still between two looks is nobody's sign for long", () => {
  const { look, held } = untilQueue(19);
  look(9, CAPACITY, 19);
  look(9, CAPACITY, 19);
  const states = [0, 1, 2].map(() => look(28, 0.4 * held, 0));
  expect(states.at(-1)?.phase.kind).toBe("hold");
  expect(states.at(-1)?.rate).toBeGreaterThan(0.7 * held);
  expect(states.at(-1)?.activity).toBeLessThan(0.3);
});

test("somebody who comes between two looks has nearly all within 18 ms of the second", () => {
  const { look, held } = untilQueue(19);
  expect(look(9, 0.5 * CAPACITY, 19).rate).toBeLessThan(0.5 * held);
  expect(look(9, 0.5 * CAPACITY, 19).rate).toBeLessThan(0.1 * held);
});

test("a second sign tells that less is free where nearly all was taken, and nothing where it was not", () => {
  const after = (wait: number) => {
    const { look } = untilQueue(0);
    const free = look(25, CAPACITY, 0).available ?? 0;
    let line = look(25, 0.8 * CAPACITY, 6);
    expect(line.phase.kind).toBe("settle");
    for (let waited = 0; waited < wait; waited += 25) line = look(25, line.rate, 0);
    expect(line.phase.kind).toBe("hold");
    const part = line.rate / free;
    line = look(25, 0.8 * line.rate, 6);
    expect(line.phase.kind).toBe("settle");
    return { part, left: (line.available ?? 0) / free };
  };
  const soon = after(350);
  expect(soon.part).toBeLessThan(0.9);
  expect(soon.left).toBe(1);
  const late = after(1200);
  expect(late.part).toBeGreaterThan(0.9);
  expect(late.left).toBeLessThan(0.96);
  expect(late.left).toBeGreaterThan(0.9);
});

test("a queue of what we have just sent too much is nobody's sign, and one that is longer is", () => {
  const after = (part: number, queue: number) => {
    const { look, held } = untilQueue(0);
    for (let i = 0; i < 6; i++) look(25, held, 0.5);
    look(25, part * held, 0.5);
    return look(25, held, queue).phase.kind;
  };
  expect(after(1, 6)).toBe("settle");
  expect(after(1.25, 6)).toBe("hold");
  expect(after(1.25, 12)).not.toBe("hold");
});

test("a sign soon after the line itself has become slower is a first one", () => {
  const { look } = untilQueue(0);
  const slower = look(25, 0.8 * CAPACITY, 6);
  expect(slower.phase.kind).toBe("settle");
  const sample = { at: milliseconds(slower.at), delays: [], peers: greedyPeers(0) };
  const fallen = followFall(slower, view(slower, sample), 8e6);
  const held = { ...fallen, rate: 0.95 * 8e6, at: slower.at + 400 };
  const next = duck(held, view(held, { ...sample, at: milliseconds(held.at) }));
  expect(next.phase.kind).toBe("settle");
  expect(next.available).toBe(fallen.available);
});

test("what pushed us away has to be gone for three round trips", () => {
  const clearFor = (base: number) => {
    const { look } = untilQueue(0, base);
    let line = look(25, 0.5 * CAPACITY, 30);
    for (let i = 0; i < 8; i++) line = look(25, line.rate, 30);
    expect(line.phase.kind).toBe("look");
    let waited = 0;
    for (; line.phase.kind === "look" && waited < 3000; waited += 25) line = look(25, line.rate, 0);
    expect(line.phase.kind).toBe("hold");
    return waited;
  };
  expect(clearFor(150)).toBeGreaterThanOrEqual(450);
  expect(clearFor(20)).toBeLessThan(200);
});
