import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createSimulatedDevice, type SimulatedDevice } from "../../hardware/simulated/device.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { type BitsPerSecond, bytes, megabitsPerSecond } from "../core/units.ts";
import type { Verdict } from "../governor/verdict.ts";
import type { Breach } from "./breach.ts";
import type { Pacer, PacerState } from "./pacer.ts";
import { createShaper, type Shaper, type ShaperOptions } from "./shaper.ts";

const sharing = (megabits: number): Verdict => ({
  state: "sharing",
  rate: megabitsPerSecond(megabits),
  maxStreams: 3,
  reason: "line-idle",
});

let clock: FakeClock;
let device: SimulatedDevice;
let verdict: { current: Verdict };
let stop: AbortController;
let running: Promise<void>;
const breaches: Breach[] = [];

beforeEach(() => {
  clock = new FakeClock();
  device = createSimulatedDevice({ clock, home: { peerDemand: megabitsPerSecond(100) } });
  verdict = { current: sharing(8) };
  stop = new AbortController();
  breaches.length = 0;
});

afterEach(async () => {
  stop.abort();
  await running;
});

function start(more: Partial<ShaperOptions> = {}): Shaper {
  const shaper = createShaper({
    verdict,
    nic: device.nic,
    trafficControl: device.trafficControl,
    ports: () => [9000],
    onBreach: (breach) => breaches.push(breach),
    clock,
    log: silentLog,
    ...more,
  });
  running = shaper.run(stop.signal);
  return shaper;
}

class RecordingPacer implements Pacer {
  state: PacerState = { state: "pacing" };
  rate: BitsPerSecond | undefined;
  setRate(rate: BitsPerSecond) {
    this.rate = rate;
  }
}

describe("the shaper", () => {
  test("shapes to the verdict and follows it within a tick", async () => {
    const shaper = start();
    await clock.advance(10);
    expect(shaper.enforcement.by).toBe("traffic-control");
    expect(device.model.sending).toBe(megabitsPerSecond(8));
    verdict.current = sharing(2);
    await clock.advance(110);
    expect(device.model.sending).toBe(megabitsPerSecond(2));
  });

  test("holds at a trickle when nothing may be shared", async () => {
    start();
    verdict.current = { state: "held", reason: "paused" };
    await clock.advance(110);
    expect(device.model.sending).toBe(megabitsPerSecond(0.064));
  });

  test("says what really went out, by the class's counter", async () => {
    const shaper = start();
    await clock.advance(20_000);
    expect(shaper.enforcement.measured).toBeCloseTo(megabitsPerSecond(8), -4);
    expect(breaches).toEqual([]);
  });

  test("paces sockets and keeps the net just above them", async () => {
    const pacer = new RecordingPacer();
    const shaper = start({ pacer });
    await clock.advance(10);
    expect(pacer.rate).toBe(megabitsPerSecond(8));
    expect(device.model.sending / 1e6).toBeCloseTo(10.4);
    expect(shaper.enforcement).toMatchObject({ by: "both", limit: megabitsPerSecond(8) });
  });

  test("without traffic control it is pacing alone, without both it is nothing, and says so", async () => {
    device.trafficControl.setUnavailable("the program tc is not installed");
    const pacer = new RecordingPacer();
    const shaper = start({ pacer });
    await clock.advance(10);
    expect(shaper.enforcement.by).toBe("pacing");
    pacer.state = { state: "unavailable", reason: "no access to sockets" };
    expect(shaper.enforcement.by).toBe("nothing");
    expect(shaper.enforcement.limit).toBeUndefined();
    expect(shaper.enforcement.trafficControl).toEqual({
      state: "unavailable",
      reason: "the program tc is not installed",
    });
  });

  test("a stranger's queue is left alone, and ours comes when it is gone", async () => {
    device.trafficControl.setForeign("cake 8001:");
    const shaper = start();
    await clock.advance(1000);
    expect(shaper.enforcement.trafficControl.state).toBe("foreign");
    device.trafficControl.setForeign(undefined);
    await clock.advance(15_000);
    expect(shaper.enforcement.by).toBe("traffic-control");
  });

  test("what somebody took away is put back within five seconds", async () => {
    start();
    await clock.advance(10);
    await device.trafficControl.remove("eth0");
    await clock.advance(5000);
    expect(device.model.sending).toBe(megabitsPerSecond(8));
  });

  test("follows the interface when it is renamed, and when it comes back", async () => {
    const shaper = start();
    await clock.advance(10);
    device.model.change({ nic: { ...device.model.home.nic, name: "end0" } });
    await clock.advance(1100);
    expect(shaper.enforcement.trafficControl).toMatchObject({ state: "shaped", device: "end0" });
    device.model.change({ nic: { ...device.model.home.nic, plugged: false } });
    await clock.advance(1100);
    expect(shaper.enforcement.by).toBe("nothing");
    device.model.change({ nic: { ...device.model.home.nic, plugged: true } });
    await clock.advance(1100);
    expect(shaper.enforcement.by).toBe("traffic-control");
  });

  test("sockets that the governor paces need no rate from here", async () => {
    const state: PacerState = { state: "pacing" };
    expect(start({ pacer: { state } }).enforcement.by).toBe("pacing");
    await clock.advance(10);
    expect(device.model.sending / 1e6).toBeCloseTo(10.4);
  });

  test("everything is taken away at the end", async () => {
    start();
    await clock.advance(10);
    stop.abort();
    await running;
    expect(await device.trafficControl.read("eth0")).toEqual({ state: "none" });
  });

  test("the governor's own rate is no promise where the household set a higher ceiling, or none", async () => {
    device.trafficControl.setUnavailable("the kernel has no HTB");
    let sent = 0;
    const shaper = start({ sentToPeers: () => bytes(sent), ceiling: () => megabitsPerSecond(40) });
    const send = async (rate: number) => {
      for (let second = 0; second < 30; second++) {
        sent += rate;
        await clock.advance(1000);
      }
    };
    await send(3e6);
    expect(breaches).toEqual([]);
    await send(7e6);
    expect(breaches).toHaveLength(1);
    verdict.current = { state: "held", reason: "quiet-hours" };
    await send(0);
    await send(1e6);
    expect(breaches).toHaveLength(2);
    expect(shaper.enforcement.breach).toBeDefined();
  });

  test("more than allowed by the count of bytes is reported once", async () => {
    device.trafficControl.setUnavailable("the kernel has no HTB");
    let sent = 0;
    const shaper = start({ sentToPeers: () => bytes(sent) });
    for (let second = 0; second < 30; second++) {
      sent += 3e6;
      await clock.advance(1000);
    }
    expect(breaches).toHaveLength(1);
    expect(shaper.enforcement.breach).toBeDefined();
  });
});
