/** Run inside a namespace: says argv[2] on the home's network for some seconds; prints what it heard, and whether it could. */

import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import { openHomeLink } from "../../hardware/linux/line-access.ts";

const link = openHomeLink();
const heard = new Set<string>();
const said: boolean[] = [];
for (let i = 0; link && i < 30; i++) {
  said.push(link.announce(new TextEncoder().encode(process.argv[2])));
  await systemClock.sleep(milliseconds(100));
  for (const message of link.receive()) heard.add(new TextDecoder().decode(message));
}
console.log(JSON.stringify({ heard: [...heard], first: said[0], last: said.at(-1) }));
link?.close();
