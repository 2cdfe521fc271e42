import { afterEach, beforeEach, expect, test } from "bun:test";
import { createSimulatedDevice, type SimulatedDevice } from "../../hardware/simulated/device.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { type BitsPerSecond, megabitsPerSecond, seconds } from "../core/units.ts";
import { createFetchShaper, type FetchShaper } from "./fetch-shaper.ts";

let clock: FakeClock;
let device: SimulatedDevice;
let shaper: FetchShaper;
let limit: BitsPerSecond | undefined;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  device = createSimulatedDevice({ clock, home: { fetching: megabitsPerSecond(100) } });
  limit = megabitsPerSecond(10);
  stop = new AbortController();
  const { ingressControl, nic } = device;
  shaper = createFetchShaper({ ingressControl, nic, rate: () => limit, clock, log: silentLog });
  running = shaper.run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await running;
});

const note = () => shaper.noteSources(["http://192.0.2.7:7411", "http://[2001:db8::7]:7411/"]);

test("fetches from noted sources are held to the rate, and follow it", async () => {
  note();
  await clock.advance(1100);
  expect(shaper.inForce).toMatchObject({
    state: "shaped",
    sources: [
      { address: "192.0.2.7", port: 7411 },
      { address: "2001:db8::7", port: 7411 },
    ],
  });
  limit = megabitsPerSecond(1);
  await clock.advance(1100);
  expect(device.model.fetching).toBe(megabitsPerSecond(1));
});

test("nothing is shaped without a source, with a name for one, or without a limit", async () => {
  shaper.noteSources(["http://origin.example:80", "nonsense"]);
  await clock.advance(1100);
  expect(shaper.inForce.state).toBe("none");
  note();
  limit = undefined;
  await clock.advance(1100);
  expect(device.model.fetching).toBe(megabitsPerSecond(100));
});

test("a source that no ticket named for half an hour is forgotten", async () => {
  note();
  await clock.advance(1100);
  await clock.advance(seconds(31 * 60));
  expect(shaper.inForce.state).toBe("none");
});

test("everything is taken away at the end", async () => {
  note();
  await clock.advance(1100);
  stop.abort();
  await running;
  expect(await device.ingressControl.read("eth0")).toEqual({ state: "none" });
});
