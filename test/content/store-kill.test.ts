import { expect, test } from "bun:test";
import { mkdtemp, open as openFile, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { everyChunk, hashOf } from "../../agent/content/chunks.ts";
import { ContentStore } from "../../agent/content/store.ts";
import { sha256 } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";

/** Kills of a writing store; CI keeps it short. */
const KILLS = Number(process.env.SPAREBAND_STORE_KILLS ?? 8);

test(`a store killed ${KILLS} times at random points never serves a wrong byte`, async () => {
  const directory = await mkdtemp(join(tmpdir(), "store-kill-"));
  const random = seededRandom(1);
  let held = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const writer = Bun.spawn(
      [process.execPath, join(import.meta.dir, "store-writer.ts"), directory],
      { stdout: "pipe", stderr: "inherit" },
    );
    await writer.stdout.getReader().read();
    await Bun.sleep(random.unit() * 150);
    writer.kill("SIGKILL");
    await writer.exited;
    if (kill % 3 === 2) await damageOne(directory, random.unit());
    const store = await ContentStore.open({
      directory,
      environment: "dev",
      clock: systemClock,
      log: silentLog,
    });
    await store.verifyClaims(new AbortController().signal);
    held = 0;
    for (const { title, manifest } of store.titles()) {
      for (const ref of everyChunk(manifest)) {
        if (!store.has(title, ref)) continue;
        const file = store.open(title, "a");
        const start = ref.chunk * manifest.chunkSize;
        const data = (await readFile(file?.diskPath ?? "")).subarray(
          start,
          start + manifest.chunkSize,
        );
        expect(sha256(data)).toBe(hashOf(manifest, ref));
        held++;
      }
    }
  }
  expect(held).toBeGreaterThan(0);
  await rm(directory, { recursive: true });
}, 120_000);

/** Flips a byte in the middle of one stored file, as bad flash does. */
async function damageOne(directory: string, where: number): Promise<void> {
  const [title] = await readdir(join(directory, "titles"));
  if (!title) return;
  const path = join(directory, "titles", title, "files", "0");
  const file = await openFile(path, "r+");
  const { size } = await file.stat();
  const at = Math.floor(size * where);
  const one = Buffer.alloc(1);
  await file.read(one, 0, 1, at);
  await file.write(Buffer.from([(one[0] ?? 0) ^ 1]), 0, 1, at);
  await file.close();
}
