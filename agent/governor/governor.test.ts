import { afterEach, describe, expect, test } from "bun:test";
import type { DelayProbe } from "../../hardware/probe.ts";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";
import { createSimulatedProbe } from "../../hardware/simulated/probe.ts";
import { createSimulatedPeerSockets } from "../../hardware/simulated/sockets.ts";
import type { PeerSockets } from "../../hardware/sockets.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { bitsPerSecond, bytes, megabitsPerSecond, milliseconds } from "../core/units.ts";
import { createGovernor, type GovernorOptions } from "./governor.ts";
import { Neighbourhood } from "./neighbourhood.ts";
import { formatClaim } from "./neighbours.ts";
import { everythingAllowed, type Policy } from "./policy.ts";
import { parseRecording, recordTo, replay } from "./recording.ts";

let ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.map((end) => end()));
  ends = [];
});

function start(
  policy: () => Policy,
  disk: { text?: string } = {},
  change: (sockets: PeerSockets) => PeerSockets = (sockets) => sockets,
  probing: Pick<GovernorOptions, "targets" | "fallback" | "neighbourhood" | "record"> & {
    silent?: readonly string[];
  } = {
    targets: () => [{ kind: "reflector", address: "192.0.2.1", port: 1 }],
  },
) {
  const clock = new FakeClock();
  const device = createSimulatedDevice({ clock });
  const governor = createGovernor({
    clock,
    log: silentLog,
    sockets: change(createSimulatedPeerSockets(device.model, clock)),
    probe: muting(createSimulatedProbe(device.model, clock), probing.silent ?? []),
    ...probing,
    device,
    policy,
    store: {
      load: () => disk.text,
      save: (text) => {
        disk.text = text;
      },
    },
  });
  const stop = new AbortController();
  const running = governor.run(stop.signal);
  const end = () => {
    stop.abort();
    return running;
  };
  ends.push(end);
  return { clock, device, governor, end };
}

/** Places that take probes and never answer. */
const muting = (probe: DelayProbe, silent: readonly string[]): DelayProbe => ({
  ...probe,
  send: (target) => silent.includes(target.address) || probe.send(target),
});

describe("the governor over a simulated home", () => {
  test("fills the idle line, gives it to the family, and takes it back", async () => {
    const { clock, device, governor } = start(() => everythingAllowed);
    device.model.change({ peerDemand: megabitsPerSecond(500) });
    await clock.advance(12_000);
    const rate = () => (governor.current.state === "sharing" ? governor.current.rate : 0);
    expect(rate()).toBeGreaterThan(18e6);
    expect(governor.report.capacity).toBeGreaterThan(19e6);
    expect(governor.report.missing).toEqual([]);
    device.model.change({ familySending: megabitsPerSecond(40) });
    await clock.advance(1000);
    expect(rate()).toBeLessThan(2e6);
    device.model.change({ familySending: bitsPerSecond(0) });
    await clock.advance(4000);
    expect(rate()).toBeGreaterThan(16e6);
  });

  test("decides alike when what it recorded is replayed", async () => {
    const lines: string[] = [];
    const { clock, device } = start(() => everythingAllowed, {}, undefined, {
      targets: () => [{ kind: "reflector", address: "192.0.2.1", port: 1 }],
      record: recordTo((line) => lines.push(line)),
    });
    device.model.change({ peerDemand: megabitsPerSecond(500) });
    await clock.advance(9000);
    device.model.change({ familySending: megabitsPerSecond(40) });
    await clock.advance(2000);
    const ticks = parseRecording(lines.join("\n"));
    expect(ticks.length).toBeGreaterThan(200);
    // But for the microseconds to which times are rounded.
    for (const [i, { verdict }] of [...replay(ticks, everythingAllowed)].entries()) {
      const rate = verdict.state === "sharing" ? verdict.rate : 0;
      expect(Math.abs(rate - (ticks[i]?.rate ?? 0))).toBeLessThan(1 + rate / 10_000);
    }
  });

  test("shares evenly with another box of this home, and says so to it only while asked itself", async () => {
    const other = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1);
    const any = { line: 0, wanted: Number.POSITIVE_INFINITY };
    let heard: readonly Uint8Array[] = [];
    const said: Uint8Array[] = [];
    const link = {
      announce: (message: Uint8Array) => said.push(message) > 0,
      receive: () => heard,
      close: () => {},
    };
    const { clock, device, governor } = start(() => everythingAllowed, {}, undefined, {
      targets: () => [{ kind: "reflector", address: "192.0.2.1", port: 1 }],
      neighbourhood: new Neighbourhood(link, (length) => new Uint8Array(length).fill(1)),
    });
    await clock.advance(5000);
    expect(said).toHaveLength(0);
    device.model.change({ peerDemand: megabitsPerSecond(500) });
    await clock.advance(12_000);
    expect(said.length).toBeGreaterThan(8);
    const alone = governor.current.state === "sharing" ? governor.current.rate : 0;
    heard = [formatClaim(other, any)];
    await clock.advance(2000);
    expect(governor.current).toMatchObject({ state: "sharing", reason: "another-box" });
    const beside = governor.current.state === "sharing" ? governor.current.rate : 0;
    expect(beside / alone).toBeCloseTo(0.5, 1);
    heard = [];
    await clock.advance(8000);
    expect(governor.current).toMatchObject({ state: "sharing", reason: "line-idle" });
  });

  test("nothing is sent to measure by that people have not allowed, and then the line is listened to anew", async () => {
    let policy: Policy = { ...everythingAllowed, consented: false };
    const { clock, device, governor } = start(() => policy);
    await clock.advance(90_000);
    expect(governor.report.volume.day.sent).toBe(bytes(0));
    expect(governor.report.missing).not.toContain("delay-probes");
    policy = everythingAllowed;
    device.model.change({ peerDemand: megabitsPerSecond(500) });
    await clock.advance(15_000);
    expect(governor.current).toMatchObject({ state: "sharing", reason: "line-idle" });
    policy = { ...everythingAllowed, paused: true };
    await clock.advance(8000);
    const { sent } = governor.report.volume.day;
    await clock.advance(90_000);
    expect(governor.report.volume.day.sent).toBe(sent);
    policy = everythingAllowed;
    device.model.change({ peerDemand: megabitsPerSecond(500) });
    await clock.advance(1000);
    expect(governor.current).toMatchObject({ reason: "learning-line" });
    await clock.advance(10_000);
    const rate = governor.current.state === "sharing" ? governor.current.rate : 0;
    expect(rate).toBeGreaterThan(17e6);
  });

  test("the provider's first router is asked while no reflector answers, and only then", async () => {
    const firstHop = { kind: "echo", address: "100.64.0.1" } as const;
    const silent: string[] = [];
    let asked = 0;
    const { clock, device, governor } = start(() => everythingAllowed, {}, undefined, {
      targets: () => [{ kind: "reflector", address: "192.0.2.1", port: 1 }],
      fallback: () => {
        asked += 1;
        return [firstHop];
      },
      silent,
    });
    device.model.change({ peerDemand: megabitsPerSecond(500) });
    await clock.advance(12_000);
    expect(asked).toBe(0);
    silent.push("192.0.2.1");
    await clock.advance(4_000);
    expect(governor.report.missing).toContain("delay-probes");
    await clock.advance(8_000);
    expect(asked).toBeGreaterThan(0);
    expect(governor.report.missing).toEqual([]);
    silent.length = 0;
    await clock.advance(1_000);
    asked = 0;
    await clock.advance(10_000);
    expect(asked).toBe(0);
  });

  test("a pause paces running connections out and cuts them after five seconds", async () => {
    let policy = everythingAllowed;
    const { clock, device, governor } = start(() => policy);
    device.model.change({ peerDemand: megabitsPerSecond(500) });
    await clock.advance(8000);
    policy = { ...policy, paused: true };
    await clock.advance(100);
    expect(governor.current).toEqual({ state: "held", reason: "paused" });
    expect(device.model.sending).toBeLessThanOrEqual(8000);
    await clock.advance(6000);
    expect(device.model.sending).toBe(bitsPerSecond(0));
  });

  for (const part of ["places to probe", "sockets"]) {
    test(`${part} that fail hold sharing, and it goes on when they work again`, async () => {
      let broken = false;
      const failing = () => {
        if (broken) throw new Error("broken");
      };
      const { clock, device, governor } = start(
        () => everythingAllowed,
        {},
        (sockets) => ({
          ...sockets,
          read: () => {
            if (part === "sockets") failing();
            return sockets.read();
          },
        }),
        {
          targets: () => {
            if (part !== "sockets") failing();
            return [{ kind: "reflector", address: "192.0.2.1", port: 1 }];
          },
        },
      );
      device.model.change({ peerDemand: megabitsPerSecond(500) });
      await clock.advance(8000);
      expect(device.model.sending).toBeGreaterThan(15e6);
      broken = true;
      await clock.advance(200);
      expect(governor.current).toEqual({ state: "held", reason: "signals-missing" });
      expect(device.model.sending).toBeLessThanOrEqual(8000);
      await clock.advance(6000);
      expect(device.model.sending).toBe(bitsPerSecond(0));
      broken = false;
      await clock.advance(1000);
      expect(governor.current.state).toBe("sharing");
    });
  }

  test("a connection without a response is ended after twenty seconds, a slow one never", async () => {
    const cut: string[] = [];
    const { clock, device } = start(
      () => everythingAllowed,
      {},
      (sockets) => ({
        ...sockets,
        cut: (id) => cut.push(id) > 0,
        async read() {
          const reading = await sockets.read();
          const [slow] = reading.flows;
          if (!slow) return reading;
          const idle = { ...slow, id: "idle", inFlight: 0, notSent: bytes(0) };
          const quiet = milliseconds(clock.monotonicMs());
          return { ...reading, flows: [slow, idle].map((flow) => ({ ...flow, quiet })) };
        },
      }),
    );
    device.model.change({ peerDemand: megabitsPerSecond(500) });
    await clock.advance(19_000);
    expect(cut).toEqual([]);
    await clock.advance(2000);
    expect(new Set(cut)).toEqual(new Set(["idle"]));
  });

  test("a picture on the screen holds sharing within two seconds", async () => {
    const { clock, device, governor } = start(() => everythingAllowed);
    device.model.change({ peerDemand: megabitsPerSecond(500) });
    await clock.advance(5000);
    device.model.change({ playback: "playing" });
    await clock.advance(2000);
    expect(governor.current).toEqual({ state: "held", reason: "playback" });
  });

  test("a daily cap holds at the byte, over a restart and a clock that jumps", async () => {
    const disk: { text?: string } = {};
    const cap = 10e6;
    const policy = { ...everythingAllowed, dailyCap: bytes(cap) };
    const first = start(() => policy, disk);
    first.device.model.change({ peerDemand: megabitsPerSecond(500) });
    await first.clock.advance(4500);
    await first.end();
    const before = first.governor.sentToPeers();
    expect(before).toBeLessThan(cap);
    const second = start(() => policy, disk);
    second.device.model.change({ peerDemand: megabitsPerSecond(500) });
    await second.clock.advance(1000);
    second.clock.jumpWall(second.clock.wallMs() + 200 * 86_400_000);
    await second.clock.advance(60_000);
    expect(second.governor.current).toEqual({ state: "held", reason: "daily-cap" });
    const total = before + second.governor.sentToPeers();
    expect(total).toBeGreaterThan(0.99 * cap);
    expect(total).toBeLessThan(1.01 * cap);
  });
});
