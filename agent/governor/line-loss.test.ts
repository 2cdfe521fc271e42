/** Lines that drop packets without any queue that probes would see. */
import { describe, expect, test } from "bun:test";
import { bitsPerSecond, milliseconds } from "../core/units.ts";
import { LOSSY } from "./decide.ts";
import { greedyPeers } from "./greedy-peers.ts";
import { startLine, stepLine } from "./line.ts";

const TICK_MS = 25;
const RTT_MS = 20;
const SEGMENT_BITS = 12_000;
const LINE = 20e6;

/**
 * Mean rate asked for and arriving, by default in the last third of a minute; trains, which are short, pass as if alone.
 *
 * @param reno the most that Reno's window lets leave in bits per second, until BBR is asked for.
 */
function run(
  passes: (rate: number) => number,
  { reno = LINE * 10, from = 40_000, to = 60_000 } = {},
) {
  let line = startLine(0);
  let [sent, acknowledged, lost] = [0, 0, 0];
  const sum = { asked: 0, arrived: 0, ticks: 0 };
  for (let at = TICK_MS; at <= to; at += TICK_MS) {
    const leaves = line.lossRate > LOSSY ? line.rate : Math.min(reno, line.rate);
    const arrives = passes(leaves);
    sent += (leaves * TICK_MS) / 8000;
    acknowledged += (arrives * TICK_MS) / 8000;
    lost += ((leaves - arrives) * TICK_MS) / 1000 / SEGMENT_BITS;
    if (at > from) {
      sum.asked += line.rate;
      sum.arrived += arrives;
      sum.ticks++;
    }
    const probe = { sentAt: milliseconds(at - RTT_MS), rtt: milliseconds(RTT_MS) };
    const train = line.trainAt === at - 2 * TICK_MS && {
      sentAt: milliseconds(line.trainAt),
      rate: bitsPerSecond(LINE),
      spread: milliseconds(5),
    };
    const sample = {
      at: milliseconds(at),
      delays: [{ target: "reflector-0", ...probe }],
      peers: greedyPeers(sent, { acknowledged, retransmitted: Math.floor(lost) }),
      ...(train && { train }),
    };
    line = stepLine(line, sample, { ceiling: LINE });
  }
  return { asked: sum.asked / sum.ticks, arrived: sum.arrived / sum.ticks };
}

/** Lets a second's worth through at once after a pause, as nftables does. */
function policer(rate: number) {
  let left = rate;
  return (offered: number) => {
    left = Math.min(rate, left + (rate * TICK_MS) / 1000);
    const passes = Math.min(offered, (left * 1000) / TICK_MS);
    left -= (passes * TICK_MS) / 1000;
    return passes;
  };
}

describe("loss without a queue", () => {
  test("of whatever is above a rate is somebody's limit, and is kept to", () => {
    const { asked, arrived } = run(policer(12e6));
    expect(asked).toBeLessThan(1.06 * 12e6);
    expect(arrived).toBeGreaterThan(0.8 * 12e6);
  });

  for (const part of [0.01, 0.02, 0.04]) {
    test(`of ${100 * part} % of everything is the line's own, which is used all the same`, () => {
      const { arrived } = run((rate) => (1 - part) * Math.min(rate, LINE));
      expect(arrived).toBeGreaterThan(0.8 * LINE);
    });
  }

  test("is known before Reno, which it keeps from taking more, has ended the search", () => {
    const { arrived } = run((rate) => 0.99 * Math.min(rate, LINE), {
      reno: 9e6,
      from: 5000,
      to: 10_000,
    });
    expect(arrived).toBeGreaterThan(0.8 * LINE);
  });
});
