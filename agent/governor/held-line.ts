/** For tests of the law: a line of 20 Mbit/s that is held, and then whatever one look after the other shows. */
import { milliseconds } from "../core/units.ts";
import { greedyPeers } from "./greedy-peers.ts";
import { startLine, stepLine } from "./line.ts";
import type { LineState } from "./line-state.ts";

export const CAPACITY = 20e6;

/** Looked at every 60 ms, until probes meet a queue; then looks go on from there. */
export function untilQueue(queue: number, base = 20) {
  let line = startLine(0, CAPACITY);
  let at = 0;
  let sent = 0;
  /** What arrives of what is sent, in bits per second, and how long the next probe waits. */
  const look = (after: number, arrives: number, waits: number): LineState => {
    at += after;
    sent += (arrives * after) / 8000;
    const rtt = milliseconds(base + waits);
    const delays = [{ target: "reflector-0", sentAt: milliseconds(at - rtt - 7), rtt }];
    const sample = { at: milliseconds(at), delays, peers: greedyPeers(sent) };
    line = stepLine(line, sample, { ceiling: Number.POSITIVE_INFINITY });
    return line;
  };
  for (let i = 0; i < 120; i++) look(25, line.rate, 0);
  for (let i = 0; i < 10; i++) look(60, line.rate, 0);
  if (line.phase.kind !== "hold") throw new Error(`a line at rest is in ${line.phase.kind}`);
  const held = line.rate;
  if (queue > 0) look(60, 0.7 * held, queue);
  /** As it would be in another phase. */
  const put = (phase: LineState["phase"], rate: number) => {
    line = { ...line, phase, rate, loweredAt: at };
  };
  return { look, held, put };
}
