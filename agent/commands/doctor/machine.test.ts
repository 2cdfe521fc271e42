import { expect, test } from "bun:test";
import type { Device } from "../../../hardware/device.ts";
import { celsius, milliseconds } from "../../core/units.ts";
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

test("a board that tells nothing gets a sentence for each sensor, and no fault", async () => {
  const findings = await examineMachine(bare);
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
  const findings = await examineMachine({ ...bare, cpu });
  expect(findings[2]?.detail).toBe("could not be read: EIO");
  expect(findings).toHaveLength(7);
});

test("what a full board shows is said with units", async () => {
  const findings = await examineMachine({
    ...bare,
    thermal: {
      read: async () => [
        { name: "zone0", type: "soc-thermal", temperature: celsius(48.5), trips: [] },
      ],
    },
    cpu: { read: async () => ({ at: milliseconds(0), cores: [], pressure: {} }) },
    playback: { read: async () => "idle" },
  });
  expect(findings[3]?.detail).toBe("soc-thermal 48.5 °C");
  expect(findings[2]?.outcome).toBe("good");
  expect(findings[6]?.detail).toBe("nothing is playing");
});
