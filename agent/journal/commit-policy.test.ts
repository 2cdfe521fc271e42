import { describe, expect, test } from "bun:test";
import { type Bytes, bytes, mebibytes, milliseconds, seconds } from "../core/units.ts";
import { commitIsDue, defaultLimits, type Waiting, WriteBudget } from "./commit-policy.ts";

const waiting = (over: Partial<Waiting>): Waiting => ({
  atRisk: bytes(0),
  age: seconds(1),
  sinceSafe: seconds(100),
  hasKeeper: false,
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
    expect(due({ atRisk: mebibytes(20), sinceSafe: seconds(4.9) })).toBe(false);
    expect(due({ atRisk: mebibytes(20), sinceSafe: seconds(5) })).toBe(true);
  });
  test("after two minutes, however little waits", () => {
    expect(due({ age: seconds(119.9) })).toBe(false);
    expect(due({ age: seconds(120) })).toBe(true);
  });
  test("after five, while the broker keeps it as well", () => {
    expect(due({ age: seconds(299.9), hasKeeper: true })).toBe(false);
    expect(due({ age: seconds(300), hasKeeper: true })).toBe(true);
  });
});

test("whoever writes only while there is allowance keeps to the budget in the first and every day", () => {
  const perDay = 50_000_000 as Bytes;
  const budget = new WriteBudget(perDay, milliseconds(0));
  const cost = bytes(30_000);
  for (let day = 0; day < 3; day++) {
    let spent = 0;
    for (let now = day * 86_400; now < (day + 1) * 86_400; now += 5) {
      if (budget.allowance(seconds(now)) <= 0) continue;
      budget.spend(cost);
      spent += cost;
    }
    expect(spent).toBeLessThanOrEqual(perDay + cost);
    expect(spent).toBeGreaterThan(0.75 * perDay);
  }
});
