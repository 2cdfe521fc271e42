import { expect, test } from "bun:test";
import type { PublicKey } from "../core/encoding.ts";
import { milliseconds } from "../core/units.ts";
import type { RunOutcome } from "./box-link.ts";
import { FetchTally } from "./fetch-tally.ts";
import { SourceBox, type SourceLink } from "./source-box.ts";

const KIB = 1024;
const id = "b".repeat(64) as PublicKey;
const run = { file: 0, first: 2, after: 4 };
const at = (ms: number) => milliseconds(ms);

/** What a source box reads of its link; requests are not made here. */
function boxWith(link: { rate?: number; allowance?: number; addresses?: readonly string[] } = {}) {
  const { rate = 1_000_000, allowance = 1024 * KIB, addresses = ["http://box"] } = link;
  const slowed = { times: 0 };
  const fake: SourceLink = {
    id,
    rate,
    allowance,
    grant: { addresses },
    slowDown: () => slowed.times++,
  };
  const tally = new FetchTally().of(id, false);
  return { box: new SourceBox(fake, false, tally, at(0)), tally, slowed };
}

const judge = (box: SourceBox<SourceLink>, outcome: RunOutcome, now = 0) =>
  box.judge(run, outcome, at(now));

test("the next request goes out when a quarter of a second of the box's rate is still to come", () => {
  const { box } = boxWith({ rate: 1_000_000 });
  expect(box.free).toBe(true);
  box.asked(400 * KIB);
  expect(box.free).toBe(false);
  expect(box.came(100 * KIB)).toBe(false);
  expect(box.came(100 * KIB)).toBe(true);
  expect(box.came(100 * KIB)).toBe(false);
  expect(box.free).toBe(true);
});

test("a request is no longer than three quarters of a MiB, a second of the box's rate, and its ticket", () => {
  expect(boxWith({ rate: 1e9 }).box.asSource.most).toBe(768 * KIB);
  expect(boxWith({ rate: 100_000 }).box.asSource.most).toBe(100_000);
  expect(boxWith({ allowance: 7 }).box.asSource.most).toBe(7);
});

test("what a box does not hold is not asked of it again, everything else is", () => {
  const { box } = boxWith();
  expect(judge(box, { kind: "not-held" })).toBeUndefined();
  const { lacks } = box.asSource;
  expect([1, 2, 3, 4].map((chunk) => lacks({ file: 0, chunk }))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("a busy box is left alone as long as it asks, and then asked one thing at a time", () => {
  const { box } = boxWith();
  expect(judge(box, { kind: "busy", wait: at(700) }, 1_000)).toBeUndefined();
  expect([1_000, 1_600, 1_700].map((now) => box.quietFor(at(now)))).toEqual([
    at(700),
    at(100),
    at(0),
  ]);
  box.asked(1);
  expect(box.free).toBe(false);
});

test("who lies or shows another key is given up at once, and why is kept", () => {
  const { box, tally } = boxWith();
  expect(judge(box, { kind: "garbled", ref: { file: 0, chunk: 2 } })).toEqual({
    reason: "garbled",
  });
  expect(tally.badChunks).toBe(1);
  expect(judge(box, { kind: "wrong-key" })).toEqual({ reason: "wrong-key" });
});

test("a box that fails has a few tries, more with more addresses; a good answer forgives all", () => {
  const failed: RunOutcome = { kind: "failed", reason: "ECONNREFUSED" };
  const triesOf = (addresses: readonly string[]) => {
    const { box } = boxWith({ addresses });
    for (let tries = 1; ; tries++) if (judge(box, failed)) return tries;
  };
  expect(triesOf(["http://a", "http://b"])).toBe(triesOf(["http://a"]) + 1);
  const { box } = boxWith();
  for (let turn = 0; turn < 20; turn++) {
    expect(judge(box, failed)).toBeUndefined();
    judge(box, { kind: "done" });
  }
});

test("a box that stalls is planned with as slower, and in the end named slow", () => {
  const { box, slowed } = boxWith();
  let given = judge(box, { kind: "stalled" });
  while (!given) given = judge(box, { kind: "stalled" });
  expect(given).toEqual({ reason: "slow" });
  expect(slowed.times).toBe(7);
});

test("a refused ticket that was used, or waited long, only ran out; a fresh one is the box's own no", () => {
  const refused: RunOutcome = { kind: "ticket-refused", status: 403 };
  expect(judge(boxWith().box, refused, 1_000)).toEqual({ reason: "used-up" });
  expect(judge(boxWith().box, refused, 501_000)).toEqual({ reason: undefined });
  const { box, tally } = boxWith();
  tally.add(1, at(0));
  expect(judge(box, refused, 1_000)).toEqual({ reason: undefined });
});
