/** A board that exists only as numbers: every hardware interface over one model of a home. */
import type { Clock } from "../../agent/core/clock.ts";
import { bytes, celsius } from "../../agent/core/units.ts";
import type { Device, DeviceFacts } from "../device.ts";
import { createSimulatedIngressControl } from "./ingress-control.ts";
import { CORES, type Home, SimulatedModel } from "./model.ts";
import { createSimulatedPortMapper, type SimulatedPortMapper } from "./port-mapping.ts";
import { createSimulatedRouter } from "./router.ts";
import { createSimulatedTrafficControl, type SimulatedTrafficControl } from "./traffic-control.ts";

export interface SimulatedDevice extends Device {
  readonly model: SimulatedModel;
  readonly trafficControl: SimulatedTrafficControl;
  readonly portMapper: SimulatedPortMapper;
}

export interface SimulatedDeviceOptions {
  readonly clock: Clock;
  readonly home?: Partial<Home>;
  readonly facts?: DeviceFacts;
}

export function createSimulatedDevice(options: SimulatedDeviceOptions): SimulatedDevice {
  const { clock, facts = { model: "simulated console", cores: CORES } } = options;
  const model = new SimulatedModel(clock, options.home);
  return {
    model,
    trafficControl: createSimulatedTrafficControl(model),
    ingressControl: createSimulatedIngressControl(model),
    router: createSimulatedRouter(model),
    portMapper: createSimulatedPortMapper(clock),
    nic: { read: async () => readNic(model) },
    cpu: { read: async () => readCpu(model) },
    thermal: { read: async () => readThermal(model) },
    storage: { read: async () => readStorage(model) },
    playback: { read: async () => model.home.playback },
    facts: async () => facts,
  };
}

function readNic(model: SimulatedModel) {
  const { name, medium, plugged, counterBits } = model.home.nic;
  if (!plugged) return undefined;
  const { at, received, sentByPeers } = model.now;
  const counted = (count: number) => bytes(counterBits === 32 ? count % 2 ** 32 : count);
  return {
    at,
    name,
    medium,
    received: counted(received),
    sent: counted(sentByPeers),
    carrier: true,
  };
}

function readCpu(model: SimulatedModel) {
  const { sensors } = model.home;
  if (!sensors.cpu) return undefined;
  const { at, busyTicks, totalTicks, load } = model.now;
  const cores = Array.from({ length: CORES }, (_, core) => ({
    core,
    busy: busyTicks,
    total: totalTicks,
  }));
  // tasks begin to wait when little is left idle
  const waiting = Math.max(0, load - 0.8) * 500;
  return { at, cores, ...(sensors.pressure && { pressure: { cpu: waiting, io: 0, memory: 0 } }) };
}

function readThermal(model: SimulatedModel) {
  if (!model.home.sensors.thermal) return [];
  const trips = [
    { type: "passive", temperature: celsius(80) },
    { type: "critical", temperature: celsius(100) },
  ];
  const { temperature } = model.now;
  return [{ name: "thermal_zone0", type: "soc-thermal", temperature, trips }];
}

function readStorage(model: SimulatedModel) {
  const { present, ...figures } = model.home.storage;
  return present ? { ...figures, written: model.now.written } : undefined;
}
