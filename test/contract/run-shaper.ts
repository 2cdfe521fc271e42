/**
 * Run inside a namespace: the shaper over the Linux drivers at RATE megabits for port 9000, until
 * SIGTERM. Prints what is in force as a JSON line whenever that changes.
 */
import { silentLog } from "../../agent/core/log.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { megabitsPerSecond, milliseconds } from "../../agent/core/units.ts";
import { createShaper } from "../../agent/shaping/shaper.ts";
import { createLinuxDevice } from "../../hardware/linux/device.ts";

const rate = megabitsPerSecond(Number(process.argv[2]));
const { nic, trafficControl } = createLinuxDevice({ clock: systemClock, upnp: false });
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

const shaper = createShaper({
  verdict: { current: { state: "sharing", rate, maxStreams: 3, reason: "line-idle" } },
  nic,
  trafficControl,
  ports: () => [9000],
  clock: systemClock,
  log: silentLog,
});

const running = shaper.run(stop.signal);
let printed = "";
while (!stop.signal.aborted) {
  const { trafficControl: inForce } = shaper.enforcement;
  const line = JSON.stringify({ ...inForce, sent: undefined });
  if (line !== printed) console.log(line);
  printed = line;
  await systemClock.sleep(milliseconds(50), stop.signal);
}
await running;
