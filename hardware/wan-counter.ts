/**
 * Whether a router's WAN byte counter can be believed, and what the rest of the home sends by it.
 * Routers wrap the counter at 2^32, stop it at 2^32 − 1, renew it every few seconds only, or make it
 * up; so it is held against bytes we know went through the router, and until it has followed them
 * it may speak against sharing but not for it. Pure: one step per reading.
 */
import {
  type BitsPerSecond,
  type Bytes,
  bytes,
  type Milliseconds,
  milliseconds,
  rateOf,
} from "../agent/core/units.ts";
import { advance } from "./counter.ts";

export interface WanSample {
  readonly at: Milliseconds;
  /** As the router tells it. */
  readonly raw: Bytes;
  /** Cumulative bytes of ours that went through the router in the same direction. */
  readonly own: Bytes;
}

/** `unproven`: a veto only. `credible`: it followed our own bytes. `incredible`: not to be used. */
export type WanTrust = "unproven" | "credible" | "incredible";

export interface WanJudgement {
  readonly trust: WanTrust;
  /** What the others at home send (or receive); undefined while the counter stands still or is not believed. */
  readonly household?: BitsPerSecond;
  /** The reading at which the counter last moved. */
  readonly moved: WanSample;
  /** What has been compared since the last check. */
  readonly compared: { readonly since: Milliseconds; readonly wan: Bytes; readonly own: Bytes };
  /** Checks passed in a row. */
  readonly passed: number;
}

/** A check needs so much time and so many bytes of ours, that a counter's lag does not matter. */
const CHECK_TIME = milliseconds(15_000);
const CHECK_BYTES = 4e6;
/** The router may count without the headers that our card counts. */
const FOLLOWS = 0.92;
/** Checks that make a counter credible again after it was found out. */
const REHABILITATION = 4;
/** Slowest renewal seen on routers that are otherwise right. */
const STANDSTILL = milliseconds(35_000);
/** The last figure speaks for this long. */
const FRESH = milliseconds(6_000);

export function judgeWan(before: WanJudgement | undefined, sample: WanSample): WanJudgement {
  if (!before) return startOver(sample, "unproven");
  const { moved } = before;
  const elapsed = milliseconds(sample.at - moved.at);
  const own = bytes(sample.own - moved.own);
  if (own < 0) return startOver(sample, before.trust);
  if (sample.raw === moved.raw) return standStill(before, elapsed, own);
  const wan = advance(moved.raw, sample.raw, elapsed);
  // a router restarts once in a while; one that does it before it was ever right makes figures up
  if (wan === undefined) {
    return startOver(sample, before.trust === "credible" ? "unproven" : "incredible");
  }
  const compared = {
    since: before.compared.since,
    wan: bytes(before.compared.wan + wan),
    own: bytes(before.compared.own + own),
  };
  const household = rateOf(bytes(Math.max(0, wan - own)), elapsed);
  return check({ ...before, moved: sample, compared, household }, sample);
}

const startOver = (sample: WanSample, trust: WanTrust): WanJudgement => ({
  trust,
  moved: sample,
  compared: { since: sample.at, wan: bytes(0), own: bytes(0) },
  passed: 0,
});

function standStill(before: WanJudgement, elapsed: Milliseconds, own: Bytes): WanJudgement {
  const { household, ...rest } = before;
  const stuck = elapsed > STANDSTILL && own > CHECK_BYTES;
  const trust = stuck ? "incredible" : before.trust;
  const fresh = elapsed <= FRESH && household !== undefined && !stuck;
  return { ...rest, trust, passed: stuck ? 0 : rest.passed, ...(fresh && { household }) };
}

function check(judgement: WanJudgement, { at }: WanSample): WanJudgement {
  const { compared, household, ...rest } = judgement;
  const enough = at - compared.since >= CHECK_TIME && compared.own >= CHECK_BYTES;
  const follows = compared.wan >= FOLLOWS * compared.own;
  const passed = !enough ? judgement.passed : follows ? judgement.passed + 1 : 0;
  const trust = enough ? trustAfter(judgement.trust, passed) : judgement.trust;
  return {
    ...rest,
    trust,
    passed,
    compared: enough ? { since: at, wan: bytes(0), own: bytes(0) } : compared,
    ...(trust !== "incredible" && household !== undefined && { household }),
  };
}

function trustAfter(trust: WanTrust, passed: number): WanTrust {
  if (passed === 0) return "incredible";
  return trust === "incredible" && passed < REHABILITATION ? "incredible" : "credible";
}
