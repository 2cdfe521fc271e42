import { expect, test } from "bun:test";
import type { Hash } from "../core/encoding.ts";
import { bitsPerSecond, unixSeconds } from "../core/units.ts";
import { type Choices, firstChoices } from "./choices.ts";
import { householdPolicy } from "./household-policy.ts";

const maker = { maxRate: bitsPerSecond(0), share: 100, metered: false };

test("a box out of the carton shares nothing: nobody has consented", () => {
  expect(householdPolicy(firstChoices, maker)).toEqual({
    consented: false,
    paused: false,
    metered: false,
    allowMetered: false,
    share: 100,
    quietHours: [],
  });
});

test("the lower of two ceilings holds, whosever it is", () => {
  const choices: Choices = {
    ...firstChoices,
    limits: { ...firstChoices.limits, maxRate: bitsPerSecond(5e6), share: 60 },
  };
  expect(householdPolicy(choices, maker)).toMatchObject({ maxRate: 5e6, share: 60 });
  const strict = { maxRate: bitsPerSecond(3e6), share: 50, metered: true };
  expect(householdPolicy(choices, strict)).toMatchObject({
    maxRate: 3e6,
    share: 50,
    metered: true,
  });
});

test("consent and pause are told as they are", () => {
  const consent = {
    given: true,
    text: "ab".repeat(32) as Hash,
    language: "en",
    at: unixSeconds(1),
  };
  const paused = householdPolicy({ ...firstChoices, consent, pause: { state: "paused" } }, maker);
  expect(paused).toMatchObject({ consented: true, paused: true });
});
