import { describe, expect, test } from "bun:test";
import { type Bytes, bytes, mebibytes, milliseconds, seconds } from "../core/units.ts";
import { commitIsDue, defaultLimits, type Waiting, WriteBudget } from "./commit-policy.ts";

const waiting = (over: Partial<Waiting>): Waiting => ({
  atRisk: bytes(0),
  age: seconds(1),
  sinceCommit: seconds(100),
  allowance: bytes(1),
  ...over,
});
const due = (over: Partial<Waiting>) => commitIsDue(waiting(over), defaultLimits);

describe("a commit is due", () => {
  test("never when nothing waits", () => {
    expect(due({ age: undefined, atRisk: mebibytes(100) })).toBe(false);
  });
  test("when 8 MiB of proven bytes are at risk", () => {
    expect(due({ atRisk: bytes(mebibytes(8) - 1) })).toBe(false);
    expect(due({ atRisk: mebibytes(8) })).toBe(true);
  });
  test("but not twice within 5 s, so that what is at risk is 8 MiB or 5 s of traffic", () => {
    expect(due({ atRisk: mebibytes(20), sinceCommit: seconds(4.9) })).toBe(false);
    expect(due({ atRisk: mebibytes(20), sinceCommit: seconds(5) })).toBe(true);
  });
  test("after two minutes, however little waits", () => {
    expect(due({ age: seconds(119.9) })).toBe(false);
    expect(due({ age: seconds(120) })).toBe(true);
  });
  test("every 30 s at most once the day's flash budget is used up", () => {
    const over = { atRisk: mebibytes(80), allowance: bytes(-1) };
    expect(due({ ...over, sinceCommit: seconds(29) })).toBe(false);
    expect(due({ ...over, sinceCommit: seconds(30) })).toBe(true);
  });
});

test("a box that always wants to write keeps to the budget in its first and every day", () => {
  const limits = defaultLimits;
  const budget = new WriteBudget(limits.budget, milliseconds(0));
  const cost = bytes(12_600);
  let spent = 0;
  let last = 0;
  for (let now = 0; now < 86_400; now++) {
    const situation = {
      atRisk: mebibytes(99),
      age: seconds(now - last + 1),
      sinceCommit: seconds(now - last),
      allowance: budget.allowance(seconds(now)) as Bytes,
    };
    if (!commitIsDue(situation, limits)) continue;
    budget.spend(cost);
    spent += cost;
    last = now;
  }
  expect(spent).toBeLessThanOrEqual(limits.budget + cost);
  expect(spent).toBeGreaterThan(0.8 * limits.budget);
});
