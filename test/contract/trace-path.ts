/** Run inside a namespace: prints the routers on the way to argv[2] as JSON, then the delay of each. */

import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import { openDelayProbe, openLinePath } from "../../hardware/linux/line-access.ts";

const hops = await openLinePath({ clock: systemClock }).hops(process.argv[2] ?? "");
const probe = openDelayProbe({ clock: systemClock, random: systemRandom });
for (const address of hops) if (address !== undefined) probe.send({ kind: "echo", address });
await systemClock.sleep(milliseconds(500));
const answered = probe.receive().map(({ target }) => target.address);
console.log(JSON.stringify({ hops, answered }));
probe.close();
