/** Fills a store with one title and flushes often, until it is killed: run by store-kill.test.ts. */
import { everyChunk } from "../../agent/content/chunks.ts";
import { chunkOf, sampleTitle } from "../../agent/content/sample-title.ts";
import { ContentStore } from "../../agent/content/store.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemClock } from "../../agent/core/system-clock.ts";

const directory = process.argv[2] ?? "";
const store = await ContentStore.open({
  directory,
  environment: "dev",
  clock: systemClock,
  log: silentLog,
});
await store.verifyClaims(new AbortController().signal);
process.stdout.write("open\n");
for (let seed = 1; ; seed++) {
  const title = sampleTitle([["a", 40 * 65_536 + 1]], { seed });
  await store.addManifest(title.sealed);
  for (const ref of everyChunk(title.sealed.body)) {
    await store.putChunkAt(title.sealed.hash, ref, chunkOf(title, ref.file, ref.chunk));
    if (ref.chunk % 8 === 0) await store.flush();
  }
}
