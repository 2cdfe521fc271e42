/** The line law while someone at home uses the line: look whether it passes, else make room. */

import { HISTORY_MS, isClear, queueQuantile, rebase } from "./delay.ts";
import { followFall, isToBeRepeated, rateOfSlowerLine } from "./line-change.ts";
import {
  askCarried,
  FLOOR,
  floorOf,
  isLossy,
  resume,
  SOMEBODY,
  target,
  toYield,
} from "./line-moves.ts";
import { START } from "./line-packets.ts";
import type { LineState, Phase } from "./line-state.ts";
import type { View } from "./line-view.ts";

export const TRICKLE = 0.04;
/** Round trips in which nobody sends before we come back. */
const ROUNDS = 3;
/** The longest train, with what it takes to leave. */
const TRAIN_LASTS_MS = 15;

export function lookOn(state: LineState, view: View, phase: Phase & { kind: "look" }): LineState {
  const waited = view.at - phase.since;
  // While the queue stands the line delivers all it can, and of ours what our part in it is.
  const told = (state.delay.queue.at(-1)?.at ?? 0) > phase.since + 50 && !isBehindTrain(state);
  const draining = told && waited > 90 && waited < 120 + view.rtt && view.newest > view.knee;
  const drained = draining ? Math.max(phase.drained, view.delivered) : phase.drained;
  const arrived = Math.max(drained, view.delivered);
  const slower = rateOfSlowerLine(state, view, phase.since, arrived);
  if (slower !== undefined) return followFall(state, view, slower);
  // Loss is told a round trip after it happened.
  const shallow = state.shallow || isLossy(state, view);
  // A train asks whether it is the line that has become slower: not into a buffer that may be full.
  const asks = state.trainAt < phase.since && waited > (view.newest < view.high ? 50 : 100);
  const again = isToBeRepeated(state, phase.since);
  const trainAt = asks || again ? askCarried(state, view) : state.trainAt;
  const next: LineState = { ...state, shallow, trainAt, phase: { ...phase, drained } };
  const after = state.delay.queue.filter((s) => s.sentAt >= phase.since);
  // Who has just begun sends what he has in a part of each round trip: until his window is as long as that.
  const clear = isClear(after, view.clear, { samples: 3, duration: ROUNDS * view.rtt });
  if (waited < 300 + view.rtt || !clear) {
    return waited > 800 + 1.5 * view.rtt ? toYield(state, view) : next;
  }
  const often = state.pushes.filter((t) => t > view.at - 3500).length >= 2;
  if (often || shallow) return toYield(state, view);
  const caution = Math.min(state.caution, drained > 0 ? drained : Number.POSITIVE_INFINITY);
  const rate = Math.max(2 * floorOf(state), Math.min(0.5 * target(state), 0.85 * caution));
  return { ...resume({ ...state, caution }, view, 0.5), rate };
}

/** What was seen last is the queue that a train of ours made. */
function isBehindTrain({ delay, trainAt }: LineState): boolean {
  const behind = (delay.queue.at(-1)?.sentAt ?? 0) - trainAt;
  return behind >= 0 && behind < TRAIN_LASTS_MS;
}

export function makeRoom(
  state: LineState,
  view: View,
  phase: Phase & { kind: "yield" },
): LineState {
  const isClear = (window: number) =>
    !view.silent && (queueQuantile(state.delay, view.at, window, 0.85) ?? 99) < view.clear;
  if (!isClear(250)) return { ...state, ...baseMoved(state, view, phase), rate: floorOf(state) };
  if (view.at < phase.until || !isClear(state.patience)) {
    // Enough to refresh what TCP believes of the way, so that it can follow when we come back.
    const trickle = Math.max(FLOOR, TRICKLE * (state.available ?? 0));
    return { ...state, rate: Math.max(floorOf(state), trickle) };
  }
  if (state.available === undefined) {
    return { ...state, phase: { kind: "discover", since: view.at }, rate: START };
  }
  const available = state.capacity ?? state.available;
  const patience = state.pushes.length > 2 ? Math.min(4000, state.patience * 1.5) : 800;
  // After a long while what pushed us away says nothing about now.
  const recent = view.at - phase.since < 3000;
  const caution = recent ? state.caution : Number.POSITIVE_INFINITY;
  return resume({ ...state, available, patience, caution }, view, 0.25);
}

/** A queue that stands still for long is no queue: the way has become longer. */
function baseMoved(state: LineState, view: View, phase: Phase & { kind: "yield" }) {
  const somebody = view.others > SOMEBODY * (state.capacity ?? state.available ?? START);
  if (view.at - phase.since < 12_000 || somebody) return {};
  const low = queueQuantile(state.delay, view.at, HISTORY_MS, 0.1) ?? 0;
  const high = queueQuantile(state.delay, view.at, HISTORY_MS, 0.9) ?? 0;
  const still = high - low < 2.5 + 2 * state.delay.jitter + view.mtu;
  return still && low > view.clear ? { delay: rebase(state.delay) } : {};
}
