import { describe, expect, test } from "bun:test";
import { bitsPerSecond, milliseconds } from "../core/units.ts";
import { FluidLine } from "./fluid-line.ts";
import { greedyPeers } from "./greedy-peers.ts";
import { startLine, stepLine } from "./line.ts";
import type { LineState } from "./line-state.ts";

const TICK_MS = 25;

/** A line that is being searched at about a megabit, and loses so many segments at once. */
function losing(segments: number) {
  let line = startLine(0);
  let [sent, retransmitted, at] = [0, 0, 0];
  const step = (train?: number): LineState => {
    at += TICK_MS;
    sent += (line.rate * TICK_MS) / 8000;
    const probe = { sentAt: milliseconds(at - 20), rtt: milliseconds(20) };
    const sample = {
      at: milliseconds(at),
      delays: [{ target: "reflector-0", ...probe }],
      peers: greedyPeers(sent, { retransmitted }),
      ...(train && { train: { ...probe, rate: bitsPerSecond(train), spread: milliseconds(5) } }),
    };
    line = stepLine(line, sample, { ceiling: Number.POSITIVE_INFINITY });
    return line;
  };
  while (line.rate < 1e6) step();
  retransmitted += segments;
  return { after: step(), step };
}

/** Peers that take 600 kbit/s and no more, or what is said for each search, a train that reads so much, and a queue of somebody's, in milliseconds. */
function searched(reads: number, queue: number, takes = (_search: number) => 600_000) {
  let line = startLine(0);
  let [acknowledged, searches] = [0, 0];
  let before = "";
  for (let at = TICK_MS; at < 20_000; at += TICK_MS) {
    acknowledged += (Math.min(line.rate, takes(searches)) * TICK_MS) / 8000;
    const rtt = 20 + (at > 1300 ? queue : 0);
    const probe = { sentAt: milliseconds(at - rtt), rtt: milliseconds(rtt) };
    const train = {
      sentAt: milliseconds(line.at),
      rate: bitsPerSecond(reads),
      spread: milliseconds(4 * (12e6 / reads)),
    };
    const sample = {
      at: milliseconds(at),
      delays: [{ target: "reflector-0", ...probe }],
      peers: greedyPeers(acknowledged),
      ...(line.trainAt === line.at && { train }),
    };
    line = stepLine(line, sample, { ceiling: Number.POSITIVE_INFINITY });
    if (line.phase.kind === "discover" && before !== "discover") searches++;
    before = line.phase.kind;
  }
  return { searches, line };
}

describe("the search for what a line carries", () => {
  test("is not ended by a few segments that a poor line loses", () => {
    expect(losing(3).after.phase.kind).toBe("discover");
  });

  test("goes on where a train finds that the loss that ended it is not for want of room", () => {
    const { after, step } = losing(8);
    expect(after.phase.kind).toBe("drain");
    expect(after.trainAt).toBe(after.at);
    step();
    expect(step(20e6).phase.kind).toBe("discover");
  });

  test("waits for a train that has lost a packet, which is told of a quarter of a second later", () => {
    const { step } = losing(8);
    for (let ticks = 0; ticks < 9; ticks++) expect(step().phase.kind).toBe("drain");
    expect(step(20e6).phase.kind).toBe("discover");
  });

  test("and ends where the train finds no more", () => {
    const { step } = losing(8);
    step();
    expect(step(1.2e6).phase.kind).not.toBe("discover");
  });

  test("goes on, but not for ever, where senders stay small and a train finds more of a slow line", () => {
    const { searches, line } = searched(1e6, 0);
    expect(searches).toBe(5);
    expect(line.foundByQueue).toBe(false);
    expect(line.available).toBeGreaterThan(500_000);
    expect(line.available).toBeLessThan(700_000);
  });

  test("does not end below what had arrived before, when who goes on is slow to come back", () => {
    const { line } = searched(2e6, 0, (search) => (search < 2 ? 1_200_000 : 700_000));
    expect(line.capacity).toBeGreaterThan(1_000_000);
  });

  test("does not go on where what stands in the way is too much for a line as the train reads it", () => {
    expect(searched(20e6, 45).searches).toBe(1);
    expect(searched(20e6, 0).searches).toBe(5);
  });

  for (const capacity of [1e6, 2e6, 5e6]) {
    test(`finds what is arriving at its end, not what came before: ${capacity / 1e6} Mbit/s`, () => {
      const line = new FluidLine({ capacity });
      line.until(({ decision }) => decision.state.line.phase.kind === "hold");
      expect(line.decision.state.line.available).toBeGreaterThan(0.9 * capacity);
      expect(line.decision.state.line.available).toBeLessThan(1.05 * capacity);
    });
  }
});
