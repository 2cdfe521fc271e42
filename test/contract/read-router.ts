/** Run inside a namespace: prints the router's readings as JSON lines, one a second, until it has COUNT with WAN counters. */
import { systemClock } from "../../agent/core/system-clock.ts";
import { seconds } from "../../agent/core/units.ts";
import { createLinuxDevice } from "../../hardware/linux/device.ts";

const count = Number(process.argv[2] ?? 2);
const { router } = createLinuxDevice({ clock: systemClock });
for (let attempt = 0, found = 0; found < count && attempt < count + 10; attempt++) {
  const reading = await router.read();
  if (reading.wan) found++;
  console.log(JSON.stringify(reading));
  await systemClock.sleep(seconds(1));
}
process.exit();
