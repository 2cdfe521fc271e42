/**
 * Which looks show nothing new. Such a one is decided together with the next: the processor has slept
 * before each, so the second of two decisions at once costs a sixth of the first. Pure.
 */
import type { Decision, GovernorState, Now, Samples } from "./decide.ts";
import { deliveredRate } from "./delivery.ts";
import type { Policy } from "./policy.ts";
import type { LineSample, PeerSample } from "./sample.ts";

/** What `decide` takes of one look. */
export interface Look {
  readonly samples: Samples;
  readonly policy: Policy;
  readonly now: Now;
}

/** The least that the law's knee is above the usual queue. */
const QUEUE_MS = 2;
/** The least that the law takes for a queue that only our own connections see. */
const EXCESS_MS = 8;
/** Part of what arrived just before: with less the law asks why. */
const ARRIVES = 0.93;
const ARRIVED_MS = 200;
/** A cap that is further away than this at the rate of now is not reached before the next look. */
const CAP_AHEAD_S = 1;

/** Keeps a look that shows nothing new until the next one; never two. */
export class Looks {
  #decided: Look | undefined;
  #steady = false;
  #waiting: Look | undefined;

  /** Those to be decided now, in turn. */
  take(look: Look, decision: Decision): readonly Look[] {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) return [waiting, look];
    const decided = this.#decided;
    if (!decided || !isUneventful(look, decided, decision, this.#steady)) return [look];
    this.#waiting = look;
    return [];
  }

  /** Each of them, once it is. */
  decided(look: Look, { line: before }: GovernorState, { line: after }: GovernorState): void {
    this.#decided = look;
    this.#steady = before.phase === after.phase && before.rate === after.rate;
  }
}

/**
 * @param last the look before, which is decided.
 * @param decision what was decided then; `steady` when it changed nothing.
 */
function isUneventful(look: Look, last: Look, decision: Decision, steady: boolean): boolean {
  const { board, online, line } = look.samples;
  return (
    steady &&
    decision.calm &&
    decision.train === 0 &&
    board === undefined &&
    online === undefined &&
    line.train === undefined &&
    line.householdUpload === last.samples.line.householdUpload &&
    isAnswered(line, decision) &&
    arrivesAsBefore(look, last, decision) &&
    isFarFromCaps(look.policy, decision)
  );
}

/** All that were asked, and the one that counts as soon as ever. */
function isAnswered({ delays, unanswered }: LineSample, { state }: Decision): boolean {
  if (unanswered !== undefined || delays.length === 0) return false;
  const { delay, usual } = state.line;
  const queues = delays.map(({ target, rtt }) => rtt - (delay.places[target]?.base ?? 0));
  return Math.min(...queues) <= usual + QUEUE_MS;
}

function arrivesAsBefore(look: Look, last: Look, { state }: Decision): boolean {
  const [now, before] = [look.samples.line, last.samples.line];
  if (!now.peers || !before.peers || !isAlike(now.peers, before.peers)) return false;
  const rate = deliveredRate(state.line.delivery, before.at, ARRIVED_MS);
  if (rate === undefined) return false;
  const arrived = now.peers.acknowledged - before.peers.acknowledged;
  return arrived * 8000 >= ARRIVES * rate * (now.at - before.at);
}

const isAlike = (now: PeerSample, before: PeerSample) =>
  now.busy === before.busy &&
  now.waiting > 0 === before.waiting > 0 &&
  now.retransmitted === before.retransmitted &&
  now.marked === before.marked &&
  (now.excess ?? 0) < EXCESS_MS;

function isFarFromCaps({ dailyCap, monthlyCap }: Policy, { state, verdict }: Decision): boolean {
  const { day, month } = state.volume;
  const left = Math.min(
    (dailyCap ?? Number.POSITIVE_INFINITY) - day.sent,
    (monthlyCap ?? Number.POSITIVE_INFINITY) - month.sent,
  );
  return verdict.state === "sharing" && left > (CAP_AHEAD_S * verdict.rate) / 8;
}
