import { expect, test } from "bun:test";
import { seal } from "../accounting/envelope.ts";
import type { Hash } from "../core/encoding.ts";
import { microTokens, unixSeconds } from "../core/units.ts";
import { createSigner } from "../identity/ed25519.ts";
import { createRefusalWatch } from "./refused-records.ts";

const coordinator = createSigner(new Uint8Array(32).fill(5));
const stranger = createSigner(new Uint8Array(32).fill(6));
const box = createSigner(new Uint8Array(32).fill(7)).publicKey;

function ackOf(refused: readonly [number, string][], signer = coordinator): Uint8Array {
  const body = {
    box,
    generation: 1,
    upTo: 9,
    head: "a".repeat(64) as Hash,
    refused: refused.map(([sequence, code]) => ({ sequence, code })),
    creditedTotal: microTokens(0n),
    at: unixSeconds(1_800_000_000),
  };
  return seal("ack", body, signer, "dev").bytes;
}

test("what was not paid is told, each record once, and not what nobody signed for", () => {
  const acks: Uint8Array[] = [];
  const told = createRefusalWatch({
    journal: { acks: () => acks },
    environment: "dev",
    coordinators: () => new Set([coordinator.publicKey]),
  });
  expect(told()).toBeUndefined();
  acks.push(ackOf([[1, "nothing-proven"]]));
  expect(told()).toBeUndefined();
  acks.push(
    ackOf([[2, "same-household"]]),
    ackOf([
      [2, "same-household"],
      [3, "over-rate"],
    ]),
  );
  expect(told()).toBe("2: same-household, over-rate");
  acks.splice(0, 3, ackOf([[4, "over-cap"]], stranger));
  expect(told()).toBeUndefined();
});
