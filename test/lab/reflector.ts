/** A reflector as the coordinator runs it: `bun test/lab/reflector.ts ADDRESS PORT`. */
import { systemClock } from "../../agent/core/system-clock.ts";
import { createReflector } from "../../agent/governor/reflector.ts";

const [host = "127.0.0.1", port = "0"] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort());
await createReflector({ host, port: Number(port), clock: systemClock }).run(stop.signal);
