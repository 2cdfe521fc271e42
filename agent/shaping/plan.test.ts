import { describe, expect, test } from "bun:test";
import type { ShapingInForce } from "../../hardware/traffic-control.ts";
import { bitsPerSecond, megabitsPerSecond, milliseconds } from "../core/units.ts";
import { allowedRate, decideAction, HELD_RATE, type Situation } from "./plan.ts";

const long = milliseconds(1e9);
const wanted = { device: "eth0", ports: [9000], rate: megabitsPerSecond(10) };

const shaped = (rate: number, device = "eth0", ports = [9000]): ShapingInForce => ({
  state: "shaped",
  device,
  ports,
  rate: megabitsPerSecond(rate),
  leaf: "bfifo",
  sent: 0,
});

const decide = (situation: Partial<Situation>) =>
  decideAction({
    wanted,
    inForce: { state: "none" },
    paced: false,
    peak: megabitsPerSecond(0),
    sinceChange: long,
    sinceRefusal: long,
    ...situation,
  });

const rateOf = (situation: Partial<Situation>) => {
  const action = decide(situation);
  return action.kind === "apply" ? action.plan.rate / 1e6 : undefined;
};

describe("what traffic control has to do", () => {
  test("nothing in force: the plan is applied", () => {
    expect(decide({})).toEqual({ kind: "apply", plan: wanted });
  });

  test("no interface or no port yet: nothing", () => {
    expect(decide({ wanted: undefined })).toEqual({ kind: "none" });
    expect(decide({ wanted: { ...wanted, ports: [] } })).toEqual({ kind: "none" });
  });

  test("the default route moved to another interface: first the old one is cleaned", () => {
    expect(decide({ inForce: shaped(10, "wlan0") })).toEqual({ kind: "remove", device: "wlan0" });
    expect(decide({ wanted: undefined, inForce: shaped(10) })).toEqual({
      kind: "remove",
      device: "eth0",
    });
  });

  test("the peer server listens on another port: applied again", () => {
    expect(decide({ inForce: shaped(10, "eth0", [9001]) }).kind).toBe("apply");
  });

  test("a stranger's queue and missing traffic control are tried again after 15 s only", () => {
    const foreign = { state: "foreign", device: "eth0", qdisc: "cake 8001:" } as const;
    const missing = { state: "unavailable", reason: "tc is missing" } as const;
    for (const inForce of [foreign, missing]) {
      expect(decide({ inForce, sinceRefusal: milliseconds(14_900) }).kind).toBe("none");
      expect(decide({ inForce, sinceRefusal: milliseconds(15_000) }).kind).toBe("apply");
    }
  });
});

describe("traffic control as the only means", () => {
  test("follows the rate exactly, down at once", () => {
    expect(rateOf({ inForce: shaped(12), sinceChange: milliseconds(0) })).toBe(10);
    expect(rateOf({ inForce: shaped(8), sinceChange: milliseconds(0) })).toBeUndefined();
    expect(rateOf({ inForce: shaped(8), sinceChange: milliseconds(50) })).toBe(10);
  });

  test("a change within one per cent is not worth a process", () => {
    expect(rateOf({ inForce: shaped(10.05) })).toBeUndefined();
    expect(rateOf({ inForce: shaped(9.95) })).toBeUndefined();
  });
});

describe("traffic control as the net below paced sockets", () => {
  const paced = true;

  test("stands thirty per cent above the paced rate, and takes part in no pulse", () => {
    expect(rateOf({ paced })).toBeCloseTo(13);
    expect(rateOf({ paced, inForce: shaped(13) })).toBeUndefined();
    const pulse = { ...wanted, rate: megabitsPerSecond(11.3) };
    expect(rateOf({ paced, inForce: shaped(14.6), wanted: pulse })).toBeUndefined();
  });

  test("is never met by a ramp of 13 % each 50 ms, and is no process at each step", () => {
    let rate = 0.5;
    let ceiling = rateOf({ paced, wanted: { ...wanted, rate: megabitsPerSecond(rate) } }) ?? 0;
    let processes = 0;
    for (let step = 1; rate < 1000; step++) {
      rate *= 1.13;
      expect(ceiling).toBeGreaterThan(rate);
      // looked at every 100 ms
      if (step % 2 === 1) continue;
      const next = rateOf({
        paced,
        wanted: { ...wanted, rate: megabitsPerSecond(rate) },
        inForce: shaped(ceiling),
        sinceChange: milliseconds(100),
      });
      if (next !== undefined) processes++;
      ceiling = next ?? ceiling;
    }
    expect(processes).toBeLessThanOrEqual(20);
  });

  test("stays at the day's height through cuts, for the rate may be back at the next tick", () => {
    const peak = megabitsPerSecond(40);
    expect(rateOf({ paced, peak, inForce: shaped(52) })).toBeUndefined();
    expect(rateOf({ paced, peak })).toBeCloseTo(52);
  });

  test("comes down to the day's height when it has settled", () => {
    expect(
      rateOf({ paced, inForce: shaped(20), sinceChange: milliseconds(9_000) }),
    ).toBeUndefined();
    expect(rateOf({ paced, inForce: shaped(20), sinceChange: milliseconds(10_000) })).toBeCloseTo(
      13,
    );
  });

  test("leaves the lowest rates to the sockets, so that sharing can start", () => {
    expect(rateOf({ paced, wanted: { ...wanted, rate: HELD_RATE } })).toBe(1);
  });
});

test("while held there is a rate, so that what runs ends and refusals get out", () => {
  expect(allowedRate({ state: "held", reason: "paused" })).toBe(HELD_RATE);
});

test("a limit below what ends slowly while held is kept to, and a class never stands still", () => {
  const sharing = (rate: number) =>
    allowedRate({
      state: "sharing",
      rate: bitsPerSecond(rate),
      maxStreams: 1,
      reason: "rate-limited",
    });
  expect(sharing(9_600)).toBe(bitsPerSecond(9_600));
  expect(sharing(0)).toBeGreaterThan(0);
});
