import { expect, test } from "bun:test";
import fc from "fast-check";
import { FakeClock } from "../core/fake-clock.ts";
import { bytes } from "../core/units.ts";
import { CachePolicy } from "./cache-policy.ts";
import { WriteBudget } from "./write-budget.ts";

test("what is asked for once is not written, what is asked for again is", () => {
  const policy = new CachePolicy(100);
  expect(policy.admits("a", 10)).toBe(false);
  expect(policy.admits("a", 10)).toBe(true);
});

test("what nobody asked for goes before what somebody did", () => {
  const policy = new CachePolicy(40);
  for (const key of ["a", "b", "c", "d"]) policy.holds(key, 10);
  policy.hit("a");
  expect([policy.victim(), policy.victim(), policy.victim(), policy.victim()]).toEqual([
    "b",
    "c",
    "d",
    "a",
  ]);
  expect(policy.victim()).toBeUndefined();
});

test("what is spared stays, and everything spared means no victim", () => {
  const policy = new CachePolicy(20);
  policy.holds("a", 10);
  policy.holds("b", 10);
  expect(policy.victim((key) => key === "a")).toBe("b");
  expect(policy.victim(() => true)).toBeUndefined();
  expect(policy.victim()).toBe("a");
});

test("scans do not push out what is asked for again and again", () => {
  const policy = new CachePolicy(1000);
  for (let at = 0; at < 10; at++) policy.holds(`hot-${at}`, 50);
  const held = new Set([...Array(10).keys()].map((at) => `hot-${at}`));
  for (let at = 0; at < 500; at++) {
    policy.hit(`hot-${at % 10}`);
    policy.holds(`scan-${at}`, 50);
    held.add(`scan-${at}`);
    while (held.size > 20) held.delete(policy.victim() ?? "");
  }
  expect([...held].filter((key) => key.startsWith("hot-"))).toHaveLength(10);
});

test("every held file is chosen once in the end, whatever was asked for", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("hold", "hit", "admit", "victim", "drop"), fc.nat(15))),
      (moves) => {
        const policy = new CachePolicy(100);
        const held = new Set<string>();
        for (const [move, at] of moves) {
          const key = String(at);
          if (move === "hold") {
            policy.holds(key, 10);
            held.add(key);
          } else if (move === "hit") policy.hit(key);
          else if (move === "admit" && !held.has(key)) policy.admits(key, 10);
          else if (move === "drop") {
            policy.drops(key);
            held.delete(key);
          } else if (move === "victim") {
            const victim = policy.victim();
            expect(victim === undefined).toBe(held.size === 0);
            if (victim !== undefined) expect(held.delete(victim)).toBe(true);
          }
        }
        while (held.size > 0) expect(held.delete(policy.victim() ?? "")).toBe(true);
        expect(policy.victim()).toBeUndefined();
      },
    ),
  );
});

test("a write budget refills evenly, never beyond a day's worth, whatever the wall clock says", async () => {
  const clock = new FakeClock();
  const budget = new WriteBudget(bytes(2400), clock);
  budget.charge(2400);
  expect(budget.left).toBe(bytes(0));
  await clock.advance(3_600_000);
  expect(Math.round(budget.left)).toBe(100);
  const saved = budget.save();
  clock.jumpWall(clock.wallMs() + 10 * 365 * 86_400_000);
  expect(new WriteBudget(bytes(2400), clock, saved).left).toBe(bytes(2400));
  clock.jumpWall(0);
  const back = new WriteBudget(bytes(2400), clock, saved);
  expect(Math.round(back.left)).toBe(100);
  expect(back.written).toBe(bytes(2400));
});
