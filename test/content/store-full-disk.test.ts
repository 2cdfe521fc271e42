import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toFolder } from "../../agent/content/destination.ts";
import { chunkOf, sampleTitle } from "../../agent/content/sample-title.ts";
import { ContentStore } from "../../agent/content/store.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemClock } from "../../agent/core/system-clock.ts";

const title = sampleTitle([["film.mp4", 3 * 1024 * 1024]]);
const mayMount = process.getuid?.() === 0 && Bun.which("mount") !== null;
const needsMount = mayMount ? "" : " (skipped: mounting a small file system needs root)";

/** A file system of 2 MiB of its own. */
async function smallDisk() {
  const directory = await mkdtemp(join(tmpdir(), "small-disk-"));
  const run = (...command: string[]) => Bun.spawnSync(command).exitCode;
  const mounted = run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", directory) === 0;
  return {
    directory,
    mounted,
    [Symbol.asyncDispose]: async () => {
      if (mounted) run("umount", directory);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

test.skipIf(!mayMount)(
  `on a full disk writes end with a word, reads go on, and room that comes back is used${needsMount}`,
  async () => {
    await using disk = await smallDisk();
    if (!disk.mounted) throw new Error("the small file system could not be mounted");
    const ballast = join(disk.directory, "ballast");
    await writeFile(ballast, new Uint8Array(900_000));
    {
      await using store = await ContentStore.open({
        directory: join(disk.directory, "content"),
        environment: "dev",
        clock: systemClock,
        log: silentLog,
      });
      const { hash } = title.sealed;
      await store.addManifest(title.sealed);
      const put = (chunk: number) =>
        store.putChunkAt(hash, { file: 0, chunk }, chunkOf(title, 0, chunk));
      let stored = 0;
      while ((await put(stored)) === "stored") stored++;
      expect(stored).toBeGreaterThan(4);
      expect(await put(stored)).toBe("no-space");
      for (let chunk = 0; chunk < stored; chunk++)
        expect(await store.readChunk(hash, { file: 0, chunk })).toEqual(chunkOf(title, 0, chunk));
      await rm(ballast);
      expect(await put(stored)).toBe("stored");
    }
  },
);

test.skipIf(!mayMount)(
  `a download onto a full disk is one sentence with the file's name${needsMount}`,
  async () => {
    await using disk = await smallDisk();
    const destination = toFolder(disk.directory, title.sealed.body);
    const fillUp = async () => {
      for (let chunk = 0; chunk < 48; chunk++)
        await destination.put({ file: 0, chunk }, chunkOf(title, 0, chunk));
    };
    await expect(fillUp()).rejects.toThrow(
      `Cannot write ${join(disk.directory, "film.mp4")} (ENOSPC`,
    );
    await destination.close();
  },
);
