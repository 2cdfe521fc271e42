import { expect, test } from "bun:test";
import { megabitsPerSecond } from "../core/units.ts";
import { fetchRate } from "./fetch-rate.ts";

const setting = megabitsPerSecond(16);

test("the setting, an eighth while the family downloads, nothing while not allowed", () => {
  const quiet = { trust: "credible", rate: megabitsPerSecond(0.4) } as const;
  const busy = { trust: "unproven", rate: megabitsPerSecond(5) } as const;
  expect(fetchRate(setting, true, quiet)).toBe(setting);
  expect(fetchRate(setting, true, { trust: "unproven" })).toBe(setting);
  expect(fetchRate(setting, true, busy)).toBe(megabitsPerSecond(2));
  expect(fetchRate(setting, false, quiet)).toBe(megabitsPerSecond(0));
});
