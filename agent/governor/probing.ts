/** What to measure next, and when: part of the decision, pure. */
import { TRAIN_LENGTH } from "../../hardware/probe-message.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { baseRtt, queueBack } from "./delay.ts";
import { REPEATED_MS } from "./line-change.ts";
import { isFar } from "./line-packets.ts";
import type { LineState } from "./line-state.ts";
import type { LineSample } from "./sample.ts";

export interface Probing {
  /** Nothing happens while we share. */
  readonly calm: boolean;
  readonly probeEvery: Milliseconds;
  /**
   * When to look for the answers after they were asked for: a moment after they usually come, for one
   * that comes later is news. The time of the next probes at the most.
   */
  readonly lookAfter: Milliseconds;
  /** Answers are late but hardly lost, or what arrives has to be known in a moment. */
  readonly lookAgain: boolean;
  /** Each time one place of several, for radio carries few packets, however small they are. */
  readonly inTurn: boolean;
  /** Packets of a train to send now; 0 for none. */
  readonly train: number;
}

/** While something happens; while nothing does; while nobody asks for anything. */
const BUSY = milliseconds(25);
const CALM = milliseconds(50);
const IDLE = milliseconds(500);
const CALM_AFTER_MS = 1000;
/**
 * Less than this of the home's activity is nobody's. Then answers are looked for as the next probes leave, which
 * is some 30 ms later and less than half as often awake: of all that the loop costs, waking is the most. And what
 * is unusual then was most likely our own step.
 */
const NOBODY = { activity: 0.1, every: milliseconds(60), calmAfter: 500 } as const;
/** The same where the other end is far away: there it counts how soon after somebody's first packets a probe left. */
const FAR = milliseconds(30);
const SLOW_LINE = 4e6;
/** Idle lines are probed slowly after this long without demand. */
const DEMAND_LASTS_MS = 3000;
/** Answers are looked for so long after they usually come, and so long are late ones waited for. */
const SLACK_MS = 7;
const LATE_MS = 40;
/** Packets of the shortest train: fewer than usual on a line that they would fill for longer than this. */
const FEW = 8;
const FEWEST = 5;
const FELT_MS = 20;
/** Bits of a packet of a train, with its UDP and IPv4 headers. */
export const TRAIN_PACKET = (TRAIN_LENGTH + 28) * 8;

/** @param open whether anything may be shared. */
export function probing(line: LineState, open: boolean, sample: LineSample): Probing {
  return {
    ...timing(line, open, sample),
    inTurn: line.phase.kind === "track",
    train: open && line.trainAt === sample.at ? trainLength(line) : 0,
  };
}

function timing(line: LineState, open: boolean, { at, unanswered }: LineSample) {
  const every = periodFor(line, open, at);
  const calm = every === CALM && line.phase.kind !== "yield";
  const rtt = baseRtt(line.delay);
  if (rtt === undefined) {
    return { calm, probeEvery: every, lookAfter: every, lookAgain: false };
  }
  const late = unanswered === undefined ? 0 : at - unanswered - rtt - queueBack(line.delay);
  const isLate = late > line.usual + 2 && late < LATE_MS;
  const lookAgain = isLate || line.phase.kind === "glance";
  const answer = rtt + line.usual + SLACK_MS;
  const alone = calm && line.activity < NOBODY.activity;
  const slow = isSlow(line);
  const far = isFar(line);
  if (alone && !slow && !far) {
    return { calm, probeEvery: NOBODY.every, lookAfter: NOBODY.every, lookAgain };
  }
  if (every !== BUSY && !alone && answer < 0.8 * every) {
    return { calm, probeEvery: every, lookAfter: milliseconds(answer), lookAgain };
  }
  // About as often as that, and such that answers come just before the next probes leave.
  const wanted = calm && far ? FAR : every;
  const fitting = answer / Math.max(1, Math.round(answer / wanted));
  const least = alone && !far ? wanted : 0.8 * wanted;
  const period = milliseconds(Math.max(least, Math.min(1.4 * wanted, fitting)));
  return { calm, probeEvery: period, lookAfter: period, lookAgain };
}

const isSlow = ({ capacity = SLOW_LINE }: LineState) => capacity < SLOW_LINE;

function periodFor(line: LineState, open: boolean, at: number): Milliseconds {
  if (!open || at - line.demandAt > DEMAND_LASTS_MS) return IDLE;
  const { kind } = line.phase;
  const stands = kind === "discover" && at - line.rampedAt > DEMAND_LASTS_MS;
  // Nothing happens: a look some twenty times a second does. The first unusual sign is looked into at once.
  const calmAfter = line.activity < NOBODY.activity ? NOBODY.calmAfter : CALM_AFTER_MS;
  const calm = kind === "hold" && at - line.unusualAt > calmAfter;
  return isSlow(line) || stands || calm || kind === "yield" ? CALM : BUSY;
}

/**
 * About five milliseconds of the line, more where the path is noisy or what one told is to be confirmed:
 * enough to measure, too short to be felt.
 */
function trainLength(line: LineState): number {
  const { available = 0, delay, hint, trainAt } = line;
  const confirms = hint !== undefined && trainAt - hint.at < REPEATED_MS;
  const duration = Math.max(confirms ? 10 : 5, Math.min(12, 5 * delay.jitter));
  const packetsIn = (ms: number) => Math.round((available * ms) / 1000 / TRAIN_PACKET);
  const least = Math.max(FEWEST, Math.min(FEW, packetsIn(FELT_MS)));
  return Math.min(48, Math.max(least, packetsIn(duration)));
}
