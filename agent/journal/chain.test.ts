import { expect, test } from "bun:test";
import { type Hash, sha256 } from "../core/encoding.ts";
import { type Chain, decideStart, emptyChain, NO_HEAD } from "./chain.ts";
import type { StoredFloor } from "./floor.ts";

const hashOf = (sequence: number): Hash =>
  sequence === 0 ? NO_HEAD : sha256(Buffer.from(String(sequence)));
const chain = (generation: number, acked: number, sequence: number): Chain => ({
  ...emptyChain(generation),
  sequence,
  head: hashOf(sequence),
  acked,
  ackedHead: hashOf(acked),
});
const floor = (generation: number, sequence: number, head = hashOf(sequence)): StoredFloor => ({
  state: "known",
  floor: { generation, sequence, head },
});

const cases: readonly [string, Chain | undefined, StoredFloor, "goes on" | number][] = [
  ["a first start", undefined, { state: "none" }, 1],
  ["nothing sent yet", chain(1, 0, 4), floor(1, 0), "goes on"],
  ["everything sent", chain(1, 0, 4), floor(1, 4), "goes on"],
  ["some sent, some not", chain(1, 2, 9), floor(1, 5), "goes on"],
  ["the newest record sent was acked and is gone", chain(1, 6, 9), floor(1, 5), "goes on"],
  ["a journal behind its floor", chain(1, 0, 4), floor(1, 5), 2],
  ["a journal of an earlier generation", chain(1, 0, 400), floor(3, 0), 4],
  ["another record under the number that was sent", chain(1, 0, 4), floor(1, 4, hashOf(9)), 2],
  ["another record in the middle", chain(1, 0, 9), floor(1, 5, hashOf(1)), 2],
  ["a floor that lags behind", chain(4, 0, 2), floor(3, 9), "goes on"],
  ["a journal that is gone", undefined, floor(7, 3), 8],
  ["a floor that is gone", chain(2, 0, 4), { state: "none" }, 3],
  ["a floor that cannot be read", chain(2, 0, 4), { state: "damaged" }, 3],
];

test.each(cases)("%s", (_, found, stored, expected) => {
  const kept = (sequence: number) =>
    found && sequence > found.acked && sequence <= found.sequence ? hashOf(sequence) : undefined;
  const start = decideStart(found, stored, kept);
  expect(start.way === "continue" ? "goes on" : start.generation).toBe(expected);
});
