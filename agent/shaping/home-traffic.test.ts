import { afterEach, beforeEach, expect, test } from "bun:test";
import { createSimulatedDevice, type SimulatedDevice } from "../../hardware/simulated/device.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { megabitsPerSecond } from "../core/units.ts";
import { createHomeTraffic, type HomeTraffic } from "./home-traffic.ts";

let clock: FakeClock;
let device: SimulatedDevice;
let home: HomeTraffic;
let wanted: boolean;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  device = createSimulatedDevice({
    clock,
    home: {
      peerDemand: megabitsPerSecond(8),
      fetching: megabitsPerSecond(16),
      familySending: megabitsPerSecond(3),
      familyReceiving: megabitsPerSecond(25),
    },
  });
  wanted = true;
  stop = new AbortController();
  const { router, nic } = device;
  home = createHomeTraffic({ router, nic, wanted: () => wanted, clock, log: silentLog });
  running = home.run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await running;
});

const rates = () =>
  [home.upload.rate ?? 0, home.download.rate ?? 0].map((rate) => Math.round(rate / 1e5) / 10);

test("the family's share of both directions, proven after a while", async () => {
  await clock.advance(3000);
  expect(home.upload.trust).toBe("unproven");
  expect(rates()).toEqual([3, 25]);
  await clock.advance(30_000);
  expect(home.upload.trust).toBe("credible");
  expect(home.download.trust).toBe("credible");
  expect(rates()).toEqual([3, 25]);
});

test("a router without UPnP, or one that lies, tells nothing", async () => {
  device.model.change({ wan: "silent" });
  await clock.advance(5000);
  expect(home.download).toEqual({ trust: "unproven" });
  device.model.change({ wan: "stuck" });
  await clock.advance(60_000);
  expect(home.download).toEqual({ trust: "incredible" });
});

test("another card starts over, without a spike", async () => {
  await clock.advance(40_000);
  device.model.change({ nic: { ...device.model.home.nic, name: "wlan0" } });
  await clock.advance(1000);
  expect(home.upload).toEqual({ trust: "unproven" });
});

test("nobody asks when nobody wants to know", async () => {
  wanted = false;
  await clock.advance(40_000);
  expect(home.upload).toEqual({ trust: "unproven" });
});
