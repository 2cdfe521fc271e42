import { expect, test } from "bun:test";
import { preferredLanguage } from "./text.ts";

test.each([
  [undefined, "en"],
  ["", "en"],
  ["de-AT,de;q=0.9,en;q=0.8", "de"],
  ["en;q=0.5,de;q=0.9", "de"],
  ["de;q=0,en", "en"],
  ["de;q=0", "en"],
  ["fr, DE;q=0.3", "de"],
  ["constructor, __proto__", "en"],
  ["de;q=nonsense", "de"],
] as const)("who asks for %j reads %s", (header, language) => {
  expect(preferredLanguage(header)).toBe(language);
});
