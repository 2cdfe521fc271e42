/** What the hardware layer sees of the machine. What is missing costs sharing, so it is named. */
import type { Device } from "../../../hardware/device.ts";
import { reasonOf } from "../../core/errors.ts";
import { type Milliseconds, milliseconds } from "../../core/units.ts";
import { attention, type Finding, good } from "./finding.ts";

const megabits = (rate: number) => `${Math.round(rate / 1e5) / 10} Mbit/s`;

/** @param sleep waits for so many milliseconds, for what has to be searched for. */
export async function examineMachine(
  device: Device,
  sleep: (duration: Milliseconds) => Promise<void>,
): Promise<Finding[]> {
  const examinations: readonly (readonly [string, () => Promise<Finding>])[] = [
    ["board", () => examineBoard(device)],
    ["line", () => examineNic(device)],
    ["processor", () => examineCpu(device)],
    ["heat", () => examineThermal(device)],
    ["traffic control", () => examineTrafficControl(device)],
    ["router", () => examineRouter(device, sleep)],
    ["playback", () => examinePlayback(device)],
  ];
  return Promise.all(
    examinations.map(async ([name, examine]) => {
      try {
        return await examine();
      } catch (fault) {
        return attention(name, `could not be read: ${reasonOf(fault)}`);
      }
    }),
  );
}

async function examineBoard(device: Device): Promise<Finding> {
  const { model, cores, memory, os } = await device.facts();
  const size = memory === undefined ? "memory unknown" : `${Math.round(memory / 2 ** 20)} MiB`;
  const parts = [model ?? "model unknown", `${cores ?? "?"} cores`, size, os ?? "system unknown"];
  return good("board", parts.join(", "));
}

async function examineNic(device: Device): Promise<Finding> {
  const nic = await device.nic.read();
  if (!nic) return attention("line", "no interface carries a default route, so nothing is shared");
  const speed = nic.speed === undefined ? "speed unknown" : megabits(nic.speed);
  const detail = `${nic.name}, ${nic.medium}, ${speed}`;
  return nic.carrier === false ? attention("line", `${detail}, no carrier`) : good("line", detail);
}

async function examineCpu(device: Device): Promise<Finding> {
  const cpu = await device.cpu.read();
  if (!cpu)
    return attention("processor", "the kernel does not tell how busy it is: nothing is shared");
  const cores = `${cpu.cores.length} cores counted`;
  return cpu.pressure
    ? good("processor", `${cores}, pressure stall information present`)
    : attention("processor", `${cores}, no pressure stall information (CONFIG_PSI)`);
}

async function examineThermal(device: Device): Promise<Finding> {
  const zones = await device.thermal.read();
  if (zones.length === 0)
    return attention("heat", "no thermal zone can be read: unknown is not cool");
  return good("heat", zones.map((zone) => `${zone.type} ${zone.temperature} °C`).join(", "));
}

async function examineTrafficControl(device: Device): Promise<Finding> {
  const nic = await device.nic.read();
  if (!nic) return attention("traffic control", "no interface to look at");
  const inForce = await device.trafficControl.read(nic.name);
  switch (inForce.state) {
    case "none":
      return good("traffic control", `available on ${nic.name}, nothing of ours in force`);
    case "shaped":
      return good(
        "traffic control",
        `${inForce.device} sends to peers at ${megabits(inForce.rate)} at most (${inForce.leaf})`,
      );
    case "foreign":
      return attention(
        "traffic control",
        `${inForce.device} has a ${inForce.qdisc} qdisc of someone else's, which is left alone`,
      );
    case "unavailable":
      return attention("traffic control", inForce.reason);
  }
}

/** The first reading only begins to look for the router's counters, which takes up to three seconds. */
const ROUTER_ANSWERS = milliseconds(500);
const ROUTER_LOOKS = 7;

async function examineRouter(
  device: Device,
  sleep: (duration: Milliseconds) => Promise<void>,
): Promise<Finding> {
  let { gateway, wan } = await device.router.read();
  for (let look = 0; gateway?.v4 && !wan && look < ROUTER_LOOKS; look++) {
    await sleep(ROUTER_ANSWERS);
    ({ gateway, wan } = await device.router.read());
  }
  if (!gateway) return attention("router", "no default gateway");
  const families = [gateway.v4 && "IPv4", gateway.v6 && "IPv6"].filter(Boolean).join(" and ");
  return wan
    ? good("router", `${families}, tells its WAN counters over UPnP`)
    : good("router", `${families}, tells no WAN counters`);
}

async function examinePlayback(device: Device): Promise<Finding> {
  const state = await device.playback.read();
  return state === "unknown"
    ? attention("playback", "the board does not tell, so it counts as maybe playing")
    : good("playback", state === "playing" ? "something is playing" : "nothing is playing");
}
