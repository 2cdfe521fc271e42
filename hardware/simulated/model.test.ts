import { beforeEach, describe, expect, test } from "bun:test";
import { FakeClock } from "../../agent/core/fake-clock.ts";
import { bytes, megabitsPerSecond, milliseconds } from "../../agent/core/units.ts";
import { createSimulatedDevice, type SimulatedDevice } from "./device.ts";

let clock: FakeClock;
let device: SimulatedDevice;

beforeEach(() => {
  clock = new FakeClock();
  device = createSimulatedDevice({ clock });
});

const heat = async () => (await device.thermal.read())[0]?.temperature ?? Number.NaN;

describe("the simulated console", () => {
  test("sends what peers want, and its card counts it", async () => {
    device.model.change({ peerDemand: megabitsPerSecond(8) });
    await clock.advance(10_000);
    expect((await device.nic.read())?.sent).toBe(bytes(10e6));
  });

  test("a line that is not full adds no delay, a full one fills its buffer", async () => {
    device.model.change({ peerDemand: megabitsPerSecond(19) });
    await clock.advance(5000);
    expect(device.model.delay).toBe(milliseconds(20));
    device.model.change({ familySending: megabitsPerSecond(3) });
    await clock.advance(1000);
    expect(device.model.delay).toBeCloseTo(20 + 100);
    await clock.advance(60_000);
    expect(device.model.delay).toBeCloseTo(20 + 250);
  });

  test("the queue drains when the box gives way", async () => {
    device.model.change({ peerDemand: megabitsPerSecond(30) });
    await clock.advance(5000);
    device.model.change({ peerDemand: megabitsPerSecond(1) });
    await clock.advance(300);
    expect(device.model.delay).toBe(milliseconds(20));
  });

  test("sending raises load and heat, and both fall again", async () => {
    const before = await heat();
    device.model.change({ peerDemand: megabitsPerSecond(1000) });
    await clock.advance(300_000);
    expect(await heat()).toBeGreaterThan(before + 5);
    device.model.change({ peerDemand: megabitsPerSecond(0) });
    await clock.advance(600_000);
    expect(await heat()).toBeCloseTo(before);
  });

  test("a busy processor shows in ticks and in pressure", async () => {
    device.model.change({ otherLoad: 0.95 });
    await clock.advance(1000);
    const reading = await device.cpu.read();
    expect(reading?.cores[0]).toEqual({ core: 0, busy: 95, total: 100 });
    expect(reading?.pressure?.cpu).toBeGreaterThan(50);
  });

  test("ceilings hold the peers, the lowest counts, the family is free", async () => {
    device.model.change({ peerDemand: megabitsPerSecond(50) });
    device.model.setCeiling("net", megabitsPerSecond(10));
    device.model.setCeiling("pacing", megabitsPerSecond(6));
    expect(device.model.sending).toBe(megabitsPerSecond(6));
    device.model.setCeiling("pacing", undefined);
    expect(device.model.sending).toBe(megabitsPerSecond(10));
  });

  test("an unplugged card sends nothing and is no interface", async () => {
    device.model.change({ peerDemand: megabitsPerSecond(5) });
    device.model.home.nic.plugged = false;
    expect(await device.nic.read()).toBeUndefined();
    expect(device.model.sending).toBe(megabitsPerSecond(0));
    expect(device.model.delay).toBeUndefined();
    expect(await device.router.read()).toEqual({});
  });

  test("a 32-bit card wraps", async () => {
    device.model.home.nic.counterBits = 32;
    device.model.change({ peerDemand: megabitsPerSecond(1000) });
    await clock.advance(40_000);
    expect((await device.nic.read())?.sent).toBe(bytes(5e9 - 2 ** 32));
  });

  test("storage is as full and as broken as it is told", async () => {
    device.model.home.storage = { total: bytes(10), free: bytes(0), readOnly: true, present: true };
    device.model.noteWritten(bytes(512));
    expect(await device.storage.read("/x")).toEqual({
      total: bytes(10),
      free: bytes(0),
      readOnly: true,
      written: bytes(512),
    });
    device.model.home.storage.present = false;
    expect(await device.storage.read("/x")).toBeUndefined();
  });
});
