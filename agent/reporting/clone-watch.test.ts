import { expect, test } from "bun:test";
import { seal } from "../accounting/envelope.ts";
import type { Birth } from "../accounting/messages.ts";
import { bytes, milliseconds, unixSeconds } from "../core/units.ts";
import { NO_HEAD } from "../journal/chain.ts";
import { boxKey, environment, viewerKey } from "../journal/journal-testing.ts";
import { CloneWatch } from "./clone-watch.ts";

const birth = (bootCounter: number, at: number, signer = boxKey) => {
  const body: Birth = {
    box: signer.publicKey,
    generation: 1,
    sequence: 0,
    head: NO_HEAD,
    bootCounter,
    version: "1",
    device: "test",
    addresses: [],
    capacity: bytes(0),
    at: unixSeconds(at),
  };
  return seal("birth", body, signer, environment);
};
const now = milliseconds(0);
const watch = () => new CloneWatch(boxKey.publicKey, environment);

test("the birth of an earlier start of this box is no sign", () => {
  expect(watch().hear(birth(3, 1).bytes, 4, now)).toBe("ours");
});

test("a birth of a start that this box has not reached is foreign", () => {
  expect(watch().hear(birth(4, 1).bytes, 4, now)).toBe("foreign");
});

test("once it has published, every birth but its own is foreign", () => {
  const seen = watch();
  const own = birth(4, 1);
  seen.published(own.hash);
  expect(seen.hear(own.bytes, 4, now)).toBe("ours");
  expect(seen.hear(birth(3, 9).bytes, 4, now)).toBe("foreign");
});

test("what our key did not sign says nothing about us", () => {
  expect(watch().hear(birth(9, 1, viewerKey).bytes, 4, now)).toBe("unreadable");
});

test("three signs within half an hour make a suspicion, and it passes", () => {
  const seen = watch();
  for (const at of [0, 60_000, 120_000]) {
    expect(seen.suspected(milliseconds(at))).toBe(false);
    seen.sign(milliseconds(at));
  }
  expect(seen.suspected(milliseconds(120_000))).toBe(true);
  expect(seen.suspected(milliseconds(31 * 60_000))).toBe(false);
});
