/** Runs in the router's namespace: prints the byte counters of its ports twenty times a second. */
import { readFileSync } from "node:fs";

for (;;) {
  const ports = readFileSync("/proc/net/dev", "utf8")
    .split("\n")
    .filter((line) => line.trim().startsWith("p-"))
    .map((line) => {
      const [name = "", counters = ""] = line.trim().split(":");
      const fields = counters.trim().split(/\s+/).map(Number);
      return [name.slice(2), { fromDevice: fields[0] ?? 0, toDevice: fields[8] ?? 0 }];
    });
  console.log(JSON.stringify([Date.now() / 1000, Object.fromEntries(ports)]));
  await Bun.sleep(50);
}
