import { describe, expect, test } from "bun:test";
import { FakeClock } from "../agent/core/fake-clock.ts";
import { bytes, megabitsPerSecond, milliseconds } from "../agent/core/units.ts";
import { createSimulatedDevice } from "./simulated/device.ts";
import type { Home } from "./simulated/model.ts";
import { judgeWan, type WanJudgement, type WanSample } from "./wan-counter.ts";

/** A box that sends 8 Mbit/s beside a family that sends 4, looked at once a second. */
async function watch(seconds: number, wan: Home["wan"], more: Partial<Home> = {}) {
  const clock = new FakeClock();
  const device = createSimulatedDevice({
    clock,
    home: {
      wan,
      peerDemand: megabitsPerSecond(8),
      familySending: megabitsPerSecond(4),
      ...more,
    },
  });
  let judgement: WanJudgement | undefined;
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1000);
    const [router, nic] = [await device.router.read(), await device.nic.read()];
    if (!router.wan || !nic) continue;
    judgement = judgeWan(judgement, {
      at: clock.monotonicMs(),
      raw: router.wan.sent,
      own: nic.sent,
    });
  }
  return judgement;
}

describe("a router's WAN counter", () => {
  test("is unproven at first, but what it says can already be a veto", async () => {
    const judgement = await watch(5, "true");
    expect(judgement?.trust).toBe("unproven");
    expect(judgement?.household).toBeCloseTo(megabitsPerSecond(4), -3);
  });

  test("is credible once it has followed our own bytes", async () => {
    const judgement = await watch(40, "true");
    expect(judgement?.trust).toBe("credible");
    expect(judgement?.household).toBeCloseTo(megabitsPerSecond(4), -3);
  });

  test("stays credible over wraps at 2^32", async () => {
    const fast = { uplink: megabitsPerSecond(950), peerDemand: megabitsPerSecond(600) };
    const judgement = await watch(120, "wrapping", fast);
    expect(judgement?.trust).toBe("credible");
    expect(judgement?.household).toBeCloseTo(megabitsPerSecond(4), -3);
  });

  test("that is stuck is found out, and says nothing", async () => {
    const judgement = await watch(60, "stuck");
    expect(judgement?.trust).toBe("incredible");
    expect(judgement?.household).toBeUndefined();
  });

  test("that is made up is found out", async () => {
    expect((await watch(120, "noise"))?.trust).toBe("incredible");
  });

  test("cannot be proven by a box that sends nothing", async () => {
    expect((await watch(300, "true", { peerDemand: megabitsPerSecond(0) }))?.trust).toBe(
      "unproven",
    );
  });
});

const sample = (second: number, raw: number, own: number): WanSample => ({
  at: milliseconds(second * 1000),
  raw: bytes(raw),
  own: bytes(own),
});

const follow = (samples: readonly WanSample[], from?: WanJudgement) =>
  samples.reduce<WanJudgement | undefined>(judgeWan, from);

/** One sample a second of a counter that grows with ours times a factor, renewed every `renewal` s. */
const counting = (count: number, factor: number, renewal = 1, from = 0) =>
  Array.from({ length: count }, (_, index) => {
    const second = from + index;
    const renewed = second - (second % renewal);
    return sample(second, Math.floor(renewed * 1e6 * factor), second * 1e6);
  });

test("a counter that is renewed every ten seconds only is believed", () => {
  expect(follow(counting(120, 1, 10))?.trust).toBe("credible");
});

test("a counter that shows half of what we send is not believed", () => {
  expect(follow(counting(60, 0.5))?.trust).toBe("incredible");
});

test("once found out it takes four good checks, a minute, to be believed again", () => {
  const liar = follow(counting(60, 0.5));
  const reformed = counting(120, 1, 1, 60);
  expect(follow(reformed.slice(0, 40), liar)?.trust).toBe("incredible");
  expect(follow(reformed, liar)?.trust).toBe("credible");
});

test("a restarted router is unproven again, not a spike", () => {
  const good = follow(counting(40, 1));
  const restarted = follow([sample(41, 5000, 41e6)], good);
  expect(restarted?.trust).toBe("unproven");
  expect(restarted?.household).toBeUndefined();
});
