/** The box of the serving benchmarks, in a process of its own so that its CPU time is counted alone. */
import { benchmarkedBox } from "./serve-fixture.ts";

const [size = "0", delivery = "open"] = process.argv.slice(2);
const { peer } = benchmarkedBox(Number(size), delivery === "open" ? "open" : "receipted");
console.log(JSON.stringify({ url: peer.file, disk: `${peer.directory}/0` }));
process.on("SIGTERM", async () => {
  await peer[Symbol.asyncDispose]();
  process.exit(0);
});
