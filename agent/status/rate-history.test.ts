import { expect, test } from "bun:test";
import { RateHistory, sparkline } from "./rate-history.ts";

test("only the last ten minutes are kept", () => {
  const history = new RateHistory();
  for (let rate = 0; rate < 500; rate++) history.add(rate);
  expect(history.points).toHaveLength(120);
  expect(history.points.at(-1)).toBe(499);
});

test("the newest point is at the right edge, the highest at the top", () => {
  expect(sparkline([0, 10, 5], 119, 100)).toEqual({
    line: "M117.0 100.0L118.0 0.0L119.0 50.0",
    area: "M117.0 100.0L118.0 0.0L119.0 50.0L119.0 100L117.0 100Z",
    top: 10,
  });
});

test("what was not measured is a gap, not a zero", () => {
  expect(sparkline([5, undefined, 10], 119, 100).line).toBe("M117.0 50.0M119.0 0.0");
  expect(sparkline([], 119, 100).line).toBe("");
  expect(sparkline([undefined], 119, 100).line).toBe("");
});
