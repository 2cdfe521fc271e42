import { describe, expect, test } from "bun:test";
import { bytes, megabitsPerSecond, milliseconds } from "../core/units.ts";
import { checkPolicy, everythingAllowed, isQuiet, type Policy } from "./policy.ts";
import { startVolume } from "./volume.ts";

const noon = new Date(2026, 10, 21, 12, 0);
const volume = startVolume(milliseconds(noon.getTime()), milliseconds(0));
const reason = (policy: Partial<Policy>, sent = 0) => {
  const used = { name: "x", sent: bytes(sent) };
  const gate = checkPolicy(
    { ...everythingAllowed, ...policy },
    { ...volume, day: used, month: used },
    noon,
  );
  return gate.open ? "open" : gate.reason;
};

describe("what people allow", () => {
  test("nothing without consent, whatever else is allowed", () => {
    expect(reason({ consented: false, allowMetered: true })).toBe("no-consent");
  });
  test("a pause and another part's objection hold sharing", () => {
    expect(reason({ paused: true })).toBe("paused");
    expect(reason({ holds: ["outbox-full", "quarantined"] })).toBe("outbox-full");
  });
  test("metered lines are off until allowed", () => {
    expect(reason({ metered: true })).toBe("metered");
    expect(reason({ metered: true, allowMetered: true })).toBe("open");
  });
  test("caps hold from the byte that reaches them", () => {
    expect(reason({ dailyCap: bytes(1000) }, 999)).toBe("open");
    expect(reason({ dailyCap: bytes(1000) }, 1000)).toBe("daily-cap");
    expect(reason({ dailyCap: bytes(1000), monthlyCap: bytes(500) }, 1000)).toBe("monthly-cap");
  });
  test("the ceiling leaves room for what the card counts on top, probes included", () => {
    const gate = checkPolicy(
      { ...everythingAllowed, maxRate: megabitsPerSecond(15.14) },
      volume,
      noon,
    );
    expect(gate.open && gate.ceiling).toBeCloseTo(15e6 - 50_000, 0);
  });
});

describe("quiet hours", () => {
  const at = (hours: number, minutes = 0) => new Date(2026, 0, 5, hours, minutes);
  test("within a day, the end excluded", () => {
    const period = [{ from: 8 * 60, to: 17 * 60 }];
    expect([at(7, 59), at(8), at(16, 59), at(17)].map((t) => isQuiet(period, t))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
  test("over midnight, and the whole day", () => {
    expect(isQuiet([{ from: 1320, to: 360 }], at(2))).toBe(true);
    expect(isQuiet([{ from: 1320, to: 360 }], at(12))).toBe(false);
    expect(isQuiet([{ from: 0, to: 0 }], at(12))).toBe(true);
  });
});
