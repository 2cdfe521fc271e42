import { describe, expect, test } from "bun:test";
import { FluidLine } from "./fluid-line.ts";
import { target } from "./line-moves.ts";
import { everythingAllowed } from "./policy.ts";

/** A line that is known and in use, twelve seconds after the start. */
const known = (settings: ConstructorParameters<typeof FluidLine>[0] = {}) => {
  const line = new FluidLine(settings);
  line.run(12_000);
  return line;
};

describe("an idle line", () => {
  for (const capacity of [2e6, 5e6, 20e6, 50e6, 200e6]) {
    for (const rtt of [5, 20, 150]) {
      // A slow one leaves segments that have met the room to part again.
      const part = capacity < 4e6 ? 90 : 93;
      test(`of ${capacity / 1e6} Mbit/s and ${rtt} ms is used to ${part} % below the knee`, () => {
        const { own, longest } = known({ capacity, rtt }).run(30_000);
        expect(own / capacity).toBeGreaterThan(part / 100);
        // Two packets and a half of a slow line, else what a step above what is free makes.
        expect(longest).toBeLessThan(Math.max(12, (2.5 * 12e6) / capacity));
      });
    }
  }

  test("is found within five seconds, without filling the buffer", () => {
    const line = new FluidLine();
    const { longest } = line.run(5000);
    expect(line.rate).toBeGreaterThan(17e6);
    expect(longest).toBeLessThan(60);
  });

  for (const idle of [300, 500, 1000, 2000, 5000, 60_000]) {
    test(`is found as well by who first asks after ${idle} ms`, () => {
      const line = new FluidLine({ demand: false });
      line.run(idle);
      line.settings.demand = true;
      line.run(6000);
      expect(line.rate).toBeGreaterThan(17e6);
    });
  }

  test("is used no more than peers ask for, and nothing is measured by sending", () => {
    const line = new FluidLine({ demand: false });
    line.run(20_000);
    expect(line.rate).toBeLessThanOrEqual(500_000);
  });
});

describe("a pause", () => {
  for (const kind of ["hold", "creep", "settle"] as const) {
    test(`that begins in ${kind} changes nothing of what is known`, () => {
      const line = known();
      line.until(({ decision }) => decision.state.line.phase.kind === kind);
      line.settings.policy = { ...everythingAllowed, paused: true };
      line.run(3000);
      expect(line.rate).toBe(0);
      line.settings.policy = everythingAllowed;
      line.run(2500);
      expect(line.rate).toBeGreaterThan(17e6);
    });
  }

  test("after which nobody asks leaves who then does something to begin with", () => {
    const line = known();
    line.settings.policy = { ...everythingAllowed, paused: true };
    line.settings.demand = false;
    line.run(8000);
    line.settings.policy = everythingAllowed;
    line.run(8000);
    expect(line.rate).toBeGreaterThanOrEqual(500_000);
  });
});

describe("someone at home", () => {
  test("who uploads has the line within 300 ms and keeps it", () => {
    const line = known();
    line.settings.family = 100e6;
    expect(line.until(({ rate }) => rate < 0.1 * 20e6)).toBeLessThanOrEqual(300);
    line.run(2000);
    expect(line.run(10_000).own / 20e6).toBeLessThan(0.03);
  });

  test("who came again and again leaves us all that is then thought free, not nine tenths of it", () => {
    const line = known();
    for (let i = 0; i < 4; i++) {
      line.settings.family = 100e6;
      line.run(400);
      line.settings.family = 0;
      line.run(1200);
    }
    line.run(1000);
    const state = line.decision.state.line;
    expect(state.activity).toBeGreaterThan(1);
    expect(state.rate).toBeGreaterThan(0.97 * target(state));
  });

  test("who is done leaves it to us again within 2.5 s", () => {
    const line = known();
    line.settings.family = 100e6;
    line.run(10_000);
    line.settings.family = 0;
    expect(line.until(({ rate }) => rate > 0.9 * 20e6)).toBeLessThanOrEqual(2500);
  });

  test("who begins a call sees a short queue once, and never again", () => {
    const line = known();
    line.settings.family = 3e6;
    expect(line.run(2000).longest).toBeLessThan(25);
    const { own, longest } = line.run(20_000);
    expect(longest).toBeLessThan(10);
    expect(own).toBeGreaterThan(0.9 * 17e6);
  });
});

describe("behind a router that queues each flow by itself", () => {
  const shared = (settings: ConstructorParameters<typeof FluidLine>[0] = {}) =>
    known({ fair: true, ...settings });

  test("the idle line is used, and nobody is suspected of using it", () => {
    const line = shared();
    expect(line.run(60_000).own).toBeGreaterThan(0.92 * 20e6);
  });

  for (const capacity of [5e6, 20e6, 100e6]) {
    test(`who uploads at ${capacity / 1e6} Mbit/s has the line within 400 ms and keeps it`, () => {
      for (let moment = 0; moment < 6000; moment += 700) {
        const line = shared({ capacity });
        line.run(moment);
        line.settings.family = 2 * capacity;
        expect(line.until(({ rate }) => rate < 0.1 * capacity)).toBeLessThanOrEqual(400);
        expect(line.run(15_000).own).toBeLessThan(0.03 * capacity);
        line.settings.family = 0;
        expect(line.until(({ rate }) => rate > 0.9 * capacity)).toBeLessThanOrEqual(3000);
      }
    });
  }

  test("who takes a third leaves us the rest", () => {
    const line = shared();
    line.settings.family = 6e6;
    line.run(8000);
    expect(line.run(15_000).own).toBeGreaterThan(0.85 * 14e6);
    expect(line.familyGot).toBeCloseTo(6e6, -5);
  });

  test("someone who comes soon after the peers were found slow is seen all the same", () => {
    for (const flapping of [1, 5]) {
      const line = shared();
      for (let i = 0; i < flapping; i++) {
        line.settings.capacity = 16e6;
        line.run(300);
        line.settings.capacity = 20e6;
        line.run(1200);
      }
      line.settings.family = 40e6;
      const given = line.until(({ rate }) => rate < 2e6);
      expect(given).toBeLessThanOrEqual(flapping === 1 ? 500 : 10_000);
      expect(line.run(20_000).own).toBeLessThan(0.03 * 20e6);
    }
  });

  test("a long upload keeps the line for good, a line that became slower is used again in half a minute", () => {
    const line = shared();
    line.settings.family = 40e6;
    line.run(2000);
    expect(line.run(120_000).own).toBeLessThan(0.03 * 20e6);
    line.settings.family = 0;
    line.run(10_000);
    line.settings.capacity = 10e6;
    line.run(30_000);
    expect(line.run(10_000).own).toBeGreaterThan(0.85 * 10e6);
  });
});

describe("the line itself", () => {
  test("that falls to less than half is relearnt within a second", () => {
    const line = known();
    line.settings.capacity = 8e6;
    const { longest } = line.run(1000);
    expect(longest).toBeLessThan(250);
    line.run(1000);
    const { own, longest: later } = line.run(10_000);
    expect(own).toBeGreaterThan(0.85 * 8e6);
    expect(later).toBeLessThan(60);
  });

  test("that carries more is found within seven seconds, whenever that happens", () => {
    for (let moment = 0; moment < 6000; moment += 500) {
      const line = known({ capacity: 8e6 });
      line.run(30_000 + moment);
      line.settings.capacity = 20e6;
      expect(line.until(({ rate }) => rate > 0.9 * 20e6)).toBeLessThanOrEqual(7000);
      expect(line.run(1000).longest).toBeLessThan(25);
    }
  });

  test("whose way grows longer is used again within a minute", () => {
    const line = known();
    line.settings.rtt = 50;
    expect(line.until(({ rate, at }) => at > 14_000 && rate > 0.9 * 20e6, 60_000)).toBeLessThan(
      60_000,
    );
  });
});

describe("missing signals", () => {
  const shared = (settings: ConstructorParameters<typeof FluidLine>[0]) => {
    const line = known(settings);
    return { own: line.run(20_000).own, ...line.decision };
  };
  test("without probes the peers' round trips do, at less", () => {
    const line = known();
    line.settings.probes = false;
    line.run(10_000);
    const { own } = line.run(10_000);
    expect(own).toBeGreaterThan(0.3 * 20e6);
    expect(own).toBeLessThan(0.86 * 20e6);
    expect(line.decision.missing).toContain("delay-probes");
  });
  test("without probes and peers nothing is shared", () => {
    const { own, verdict, missing } = shared({ probes: false, peers: false });
    expect(own).toBe(0);
    expect(verdict).toEqual({ state: "held", reason: "line-unknown" });
    expect(missing).toEqual(["delay-probes", "peer-connections"]);
  });
  test("without a word of the board the rate is bounded and it is said", () => {
    const { own, missing } = shared({ capacity: 200e6, board: false });
    expect(own).toBeLessThan(51e6);
    expect(missing).toEqual(["processor", "temperature", "playback"]);
  });
});

describe("a router that tells what others use", () => {
  test("a queue that somebody keeps full is not taken for a longer way", () => {
    const line = known({ router: true });
    line.settings.family = 100e6;
    line.run(2000);
    expect(line.run(90_000).own).toBeLessThan(0.02 * 20e6);
  });

  test("what a call uses is not crept into, and the rest is used", () => {
    const line = known({ router: true });
    line.settings.family = 4e6;
    line.run(10_000);
    const { own, longest } = line.run(60_000);
    expect(longest).toBeLessThan(2);
    expect(own).toBeGreaterThan(0.9 * 16e6);
  });

  test("a little that is only headers does not keep a faster line from being found", () => {
    const line = known({ router: true, capacity: 8e6, family: 0.2e6 });
    line.settings.capacity = 20e6;
    expect(line.until(({ rate }) => rate > 0.9 * 19.8e6, 30_000)).toBeLessThan(12_000);
  });
});

describe("policy over the line", () => {
  test("a ceiling is kept and said", () => {
    const line = new FluidLine();
    line.settings.policy = { ...line.settings.policy, maxRate: 5e6 as never };
    line.run(10_000);
    expect(line.rate).toBeLessThanOrEqual(5e6);
    expect(line.rate).toBeGreaterThan(4.9e6);
    expect(line.decision.verdict.reason).toBe("rate-limited");
  });
  test("a pause holds at once, and after it the known line is used within a second", () => {
    const line = known();
    line.settings.policy = { ...line.settings.policy, paused: true };
    line.run(25);
    expect(line.decision.verdict).toEqual({ state: "held", reason: "paused" });
    line.run(2000);
    line.settings.policy = { ...line.settings.policy, paused: false };
    expect(line.until(({ rate }) => rate > 0.9 * 20e6)).toBeLessThanOrEqual(1500);
  });
});
