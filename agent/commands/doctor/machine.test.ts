import { expect, test } from "bun:test";
import type { Device } from "../../../hardware/device.ts";
import { bytes, celsius, milliseconds } from "../../core/units.ts";
import { examineMachine } from "./machine.ts";

const bare: Device = {
  nic: { read: async () => undefined },
  cpu: { read: async () => undefined },
  thermal: { read: async () => [] },
  storage: { read: async () => undefined },
  trafficControl: {
    read: async () => ({ state: "none" }),
    apply: async () => ({ state: "none" }),
    remove: async () => {},
  },
  ingressControl: {
    read: async () => ({ state: "none" }),
    apply: async () => ({ state: "none" }),
    remove: async () => {},
  },
  router: { read: async () => ({}) },
  portMapper: {
    map: async () => ({ state: "failed", reason: "no-gateway" }),
    unmap: async () => false,
  },
  playback: { read: async () => "unknown" },
  facts: async () => ({}),
};

const noWait = () => Promise.resolve();

test("a board that tells nothing gets a sentence for each sensor, and no fault", async () => {
  const findings = await examineMachine(bare, noWait);
  expect(findings.map(({ name, outcome }) => `${name}: ${outcome}`)).toEqual([
    "board: good",
    "line: attention",
    "processor: attention",
    "heat: attention",
    "traffic control: attention",
    "router: attention",
    "playback: attention",
  ]);
});

test("a driver that fails costs its own line alone", async () => {
  const cpu = {
    read: async () => {
      throw new Error("EIO");
    },
  };
  const findings = await examineMachine({ ...bare, cpu }, noWait);
  expect(findings[2]?.detail).toBe("could not be read: EIO");
  expect(findings).toHaveLength(7);
});

test("what a full board shows is said with units", async () => {
  const full: Device = {
    ...bare,
    thermal: {
      read: async () => [
        { name: "zone0", type: "soc-thermal", temperature: celsius(48.5), trips: [] },
      ],
    },
    cpu: { read: async () => ({ at: milliseconds(0), cores: [], pressure: {} }) },
    playback: { read: async () => "idle" },
  };
  const findings = await examineMachine(full, noWait);
  expect(findings[3]?.detail).toBe("soc-thermal 48.5 °C");
  expect(findings[2]?.outcome).toBe("good");
  expect(findings[6]?.detail).toBe("nothing is playing");
});

test("the router's counters are looked for as long as the search for them takes", async () => {
  const gateway = { v4: "192.0.2.1" };
  const wan = { sent: bytes(1), received: bytes(2) };
  let waited = 0;
  const sleep = async (duration: number) => {
    waited += duration;
  };
  const found = async (after: number) => {
    waited = 0;
    const read = async () => (waited >= after ? { gateway, wan } : { gateway });
    const findings = await examineMachine({ ...bare, router: { read } }, sleep);
    return { detail: findings[5]?.detail, waited };
  };
  expect(await found(0)).toEqual({ detail: "IPv4, tells its WAN counters over UPnP", waited: 0 });
  expect((await found(3000)).detail).toBe("IPv4, tells its WAN counters over UPnP");
  expect(await found(99_000)).toEqual({ detail: "IPv4, tells no WAN counters", waited: 3500 });
});
