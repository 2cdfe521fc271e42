import { expect, test } from "bun:test";
import { createClockTrust } from "./clock-quality.ts";

test("a time before the program existed, or far ahead, is not to be trusted", () => {
  let wall = Date.UTC(1970, 0, 1);
  const trust = createClockTrust(() => wall);
  expect(trust()).toBe("untrusted");
  wall = Date.UTC(2150, 0, 1);
  expect(trust()).toBe("untrusted");
  wall = Date.UTC(2027, 0, 1);
  expect(["rtc", "synchronised"]).toContain(trust());
});
