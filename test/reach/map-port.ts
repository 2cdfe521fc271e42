/**
 * Run inside a namespace: serves a word on a port and keeps it mapped by the Linux driver, once for
 * each line read from standard input. Prints each outcome as a JSON line; `end` takes the mapping back.
 * argv: PORT PROTOCOL,PROTOCOL LIFETIME_S EXTERNAL_PORT,EXTERNAL_PORT
 */
import { createInterface } from "node:readline";
import { systemClock } from "../../agent/core/system-clock.ts";
import { seconds } from "../../agent/core/units.ts";
import { createFileTree } from "../../hardware/linux/file-tree.ts";
import { createLinuxPortMapper } from "../../hardware/linux/port-mapping.ts";
import type { MappingProtocol, PortMapping } from "../../hardware/port-mapping.ts";

const [port = "7411", protocols = "pcp", lifetime = "120", outside = port] = process.argv.slice(2);
const server = Bun.serve({
  hostname: "0.0.0.0",
  port: Number(port),
  fetch: () => new Response("box"),
});
const mapper = createLinuxPortMapper({
  tree: createFileTree("/"),
  clock: systemClock,
  protocols: protocols.split(",") as MappingProtocol[],
});
const nonce = new Uint8Array(12).fill(7);
let mapping: PortMapping | undefined;
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "end") {
    say({ removed: mapping ? await mapper.unmap(mapping, nonce) : false });
    break;
  }
  const outcome = await mapper.map({
    internalPort: server.port ?? 0,
    externalPorts: outside.split(",").map(Number),
    lifetime: seconds(Number(lifetime)),
    nonce,
  });
  if (outcome.state === "mapped") mapping = outcome.mapping;
  say(outcome);
}
await server.stop(true);
process.exit();
