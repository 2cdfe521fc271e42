import { describe, expect, test } from "bun:test";
import { bytes, milliseconds, seconds } from "../core/units.ts";
import { type Chain, emptyChain } from "../journal/chain.ts";
import type { RecordSource } from "../journal/journal.ts";
import { UsagePump } from "./usage-pump.ts";

/** A journal with so many records of 600 bytes, whose chain the test sets. */
function source(sequence: number) {
  const state = { chain: { ...emptyChain(1), sequence } as Chain };
  const records: RecordSource = {
    get chain() {
      return state.chain;
    },
    pending: (after, limit) => {
      const count = Math.min(limit.records, state.chain.sequence - after);
      return Array.from({ length: Math.max(0, count) }, (_, n) => ({
        generation: state.chain.generation,
        sequence: after + 1 + n,
        bytes: new Uint8Array(600),
      }));
    },
    applyAck: () => ({ result: "ignored", why: "other-box" }),
    tail: () => undefined,
    recover: () => {},
  };
  const pump = new UsagePump(records, bytes(200_000), milliseconds(0));
  const next = (at: number) => {
    const found = pump.next(seconds(at));
    return found.length === 0 ? "nothing" : `${found[0]?.sequence}-${found.at(-1)?.sequence}`;
  };
  const ack = (upTo: number, at: number, resendFrom?: number) => {
    state.chain = { ...state.chain, acked: upTo };
    pump.acked(seconds(at), resendFrom);
  };
  return { state, pump, next, ack };
}

describe("usage", () => {
  test("goes out in frames of 256 records, and no more than 1024 without an ack", () => {
    const { next, ack } = source(5000);
    expect([0, 1, 2, 3, 4].map(next)).toEqual([
      "1-256",
      "257-512",
      "513-768",
      "769-1024",
      "nothing",
    ]);
    ack(256, 5);
    expect([next(6), next(7)]).toEqual(["1025-1280", "nothing"]);
  });

  test("nothing is sent twice while acks come", () => {
    const { next, ack } = source(10);
    expect(next(0)).toBe("1-10");
    ack(10, 1);
    expect([next(2), next(500)]).toEqual(["nothing", "nothing"]);
  });

  test("a coordinator that stays silent gets it again after 1, 2, 4, 8 and then every 10 minutes", () => {
    const { next } = source(10);
    const sent: number[] = [];
    for (let at = 0; at < 3600; at += 10) if (next(at) !== "nothing") sent.push(at);
    expect(sent).toEqual([0, 60, 180, 420, 900, 1500, 2100, 2700, 3300]);
  });

  test("a gap is filled from where the coordinator says", () => {
    const { next, ack } = source(300);
    expect([next(0), next(1)]).toEqual(["1-256", "257-300"]);
    ack(0, 2, 17);
    expect([next(3), next(4), next(5)]).toEqual(["17-272", "273-300", "nothing"]);
  });

  test("a new generation starts from its first record", () => {
    const { state, next } = source(10);
    expect(next(0)).toBe("1-10");
    state.chain = { ...emptyChain(2), sequence: 3 };
    expect(next(1)).toBe("1-3");
  });
});
