import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, open as openFile, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hash, sha256 } from "../core/encoding.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { bytes, mebibytes } from "../core/units.ts";
import { RefusalList } from "./refusal-list.ts";
import { chunkOf, type SampleTitle, sampleTitle } from "./sample-title.ts";
import { ContentStore, type StoreOptions } from "./store.ts";

const KIB = 1024;
let directory: string;
const clock = new FakeClock();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "content-store-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const openStore = (options: Partial<StoreOptions> = {}) =>
  ContentStore.open({ directory, environment: "dev", clock, log: silentLog, ...options });

async function fill(store: ContentStore, title: ReturnType<typeof sampleTitle>) {
  await store.addManifest(title.sealed);
  const outcomes = [];
  for (const [file, entry] of title.sealed.body.files.entries())
    for (const chunk of entry.chunks.keys())
      outcomes.push(
        await store.putChunkAt(title.sealed.hash, { file, chunk }, chunkOf(title, file, chunk)),
      );
  return outcomes;
}

test("what was put can be served as one plain file, and only when it is all there", async () => {
  await using store = await openStore();
  const title = sampleTitle([["film.mp4", 300 * KIB]]);
  await store.addManifest(title.sealed);
  const { hash } = title.sealed;
  expect(await store.putChunkAt(hash, { file: 0, chunk: 1 }, chunkOf(title, 0, 1))).toBe("stored");
  const file = store.open(hash, "film.mp4");
  expect(file?.holds(64 * KIB, 128 * KIB)).toBe(true);
  expect(file?.holds(0, 128 * KIB)).toBe(false);
  expect(file?.holds(0, 400 * KIB)).toBe(false);
  expect(store.complete(hash)).toBe(false);
  await fill(store, title);
  expect(store.complete(hash)).toBe(true);
  expect(sha256(await readFile(file?.diskPath ?? ""))).toBe(
    sha256(title.content[0] ?? new Uint8Array()),
  );
});

test("bytes that do not fit the manifest are refused", async () => {
  await using store = await openStore();
  const title = sampleTitle([["a", 100 * KIB]]);
  const ref = { file: 0, chunk: 0 };
  expect(await store.putChunkAt(title.sealed.hash, ref, chunkOf(title, 0, 0))).toBe(
    "unknown-title",
  );
  await store.addManifest(title.sealed);
  expect(await store.putChunkAt(title.sealed.hash, ref, new Uint8Array(64 * KIB))).toBe(
    "wrong-hash",
  );
  expect(await store.putChunk(title.sealed.hash, "0".repeat(64) as Hash, new Uint8Array(1))).toBe(
    "not-in-manifest",
  );
});

test("a chunk that occurs twice in a title is stored in both places", async () => {
  await using store = await openStore();
  const title = sampleTitle(
    [
      ["a", 64 * KIB],
      ["b", 64 * KIB],
    ],
    { same: true },
  );
  await store.addManifest(title.sealed);
  const [hash] = store.missing(title.sealed.hash, 10);
  expect(store.missing(title.sealed.hash, 10)).toHaveLength(1);
  expect(await store.putChunk(title.sealed.hash, hash as Hash, chunkOf(title, 0, 0))).toBe(
    "stored",
  );
  expect(store.complete(title.sealed.hash)).toBe(true);
});

test("a clean stop is believed at the next start", async () => {
  const title = sampleTitle([["a", 200 * KIB]]);
  {
    await using store = await openStore();
    await fill(store, title);
  }
  await using again = await openStore();
  expect(again.complete(title.sealed.hash)).toBe(true);
  expect(again.usedBytes).toBe(bytes(200 * KIB));
});

test("after an unclean stop nothing is served before it is verified, and damage is dropped", async () => {
  const title = sampleTitle([["a", 200 * KIB]]);
  const first = await openStore();
  await fill(first, title);
  await first.flush();
  const path = first.open(title.sealed.hash, "a")?.diskPath ?? "";
  const file = await openFile(path, "r+");
  await file.write(Buffer.from([1, 2, 3]), 0, 3, 70 * KIB);
  await file.close();

  await using store = await openStore();
  const held = store.open(title.sealed.hash, "a");
  expect(held?.holds(0, 1)).toBe(false);
  expect(await store.verifyClaims(new AbortController().signal)).toEqual({ dropped: 1 });
  expect(held?.holds(0, 64 * KIB)).toBe(true);
  expect(held?.holds(64 * KIB, 65 * KIB)).toBe(false);
  expect(store.missing(title.sealed.hash, 10)).toHaveLength(1);
  expect(store.usedBytes).toBe(bytes(136 * KIB));
});

test("a stop in the middle of verifying leaves the rest in doubt", async () => {
  const title = sampleTitle([["a", 200 * KIB]]);
  const first = await openStore();
  await fill(first, title);
  await first.flush();
  {
    await using store = await openStore();
    expect(store.complete(title.sealed.hash)).toBe(false);
  }
  await using store = await openStore();
  expect(store.open(title.sealed.hash, "a")?.holds(0, 1)).toBe(false);
  await store.verifyClaims(new AbortController().signal);
  expect(store.complete(title.sealed.hash)).toBe(true);
});

test("a damaged chunk that is read is dropped and missing from then on", async () => {
  await using store = await openStore();
  const title = sampleTitle([["a", 64 * KIB]]);
  await fill(store, title);
  const file = await openFile(store.open(title.sealed.hash, "a")?.diskPath ?? "", "r+");
  await file.write(Buffer.from([9]), 0, 1, 5);
  await file.close();
  expect(await store.readChunk(title.sealed.hash, { file: 0, chunk: 0 })).toBeUndefined();
  expect(store.complete(title.sealed.hash)).toBe(false);
});

test("space is bounded: what nobody asks for goes, what is asked for stays", async () => {
  await using store = await openStore({ capacity: bytes(320 * KIB) });
  const titles = [1, 2, 3, 4, 5].map((seed) => sampleTitle([["a", 64 * KIB]], { seed }));
  for (const title of titles) await fill(store, title);
  const [asked] = titles;
  store.touch(asked?.sealed.hash as Hash, 0, 0, 1);
  await clock.advance(60_000);
  for (const seed of [6, 7, 8, 9]) await fill(store, sampleTitle([["a", 64 * KIB]], { seed }));
  expect(store.usedBytes).toBe(bytes(320 * KIB));
  expect(store.complete(asked?.sealed.hash as Hash)).toBe(true);
});

test("a file that is being served is not taken away", async () => {
  await using store = await openStore({ capacity: bytes(128 * KIB) });
  const served = sampleTitle([
    ["a", 64 * KIB],
    ["b", 64 * KIB],
  ]);
  await fill(store, served);
  store.touch(served.sealed.hash, 0, 0, 1);
  store.touch(served.sealed.hash, 1, 0, 1);
  expect(await fill(store, sampleTitle([["c", 64 * KIB]], { seed: 2 }))).toEqual(["no-space"]);
});

test("what the coordinator wants held is not pushed out by more of the same", async () => {
  await using store = await openStore({ capacity: bytes(128 * KIB) });
  const [one, two] = [1, 2].map((seed) => sampleTitle([["a", 128 * KIB]], { seed }));
  await fill(store, one as SampleTitle);
  store.keep([one?.sealed.hash as Hash, two?.sealed.hash as Hash]);
  expect(await fill(store, two as SampleTitle)).toEqual(["no-space", "no-space"]);
  store.keep([two?.sealed.hash as Hash]);
  expect(await fill(store, two as SampleTitle)).toEqual(["stored", "stored"]);
});

test("a large file gives way from its end", async () => {
  await using store = await openStore({ capacity: mebibytes(33) });
  const film = sampleTitle([["film", 32 * 1024 * KIB]], { chunkSize: 4096 * KIB });
  await fill(store, film);
  await clock.advance(60_000);
  await fill(store, sampleTitle([["b", 2 * 1024 * KIB]], { seed: 2 }));
  const held = store.open(film.sealed.hash, "film");
  expect(held?.holds(0, 16 * 1024 * KIB)).toBe(true);
  expect(held?.holds(16 * 1024 * KIB, 16 * 1024 * KIB + 1)).toBe(false);
  expect((await stat(held?.diskPath ?? "")).size).toBe(16 * 1024 * KIB);
});

test("the daily write budget holds over a restart and refills with time", async () => {
  const dailyWrites = bytes(200 * KIB);
  const title = sampleTitle([
    ["a", 64 * KIB],
    ["b", 64 * KIB],
    ["c", 64 * KIB],
    ["d", 64 * KIB],
  ]);
  {
    await using store = await openStore({ dailyWrites });
    expect(await fill(store, title)).toEqual(["stored", "stored", "stored", "budget-spent"]);
  }
  {
    await using store = await openStore({ dailyWrites });
    expect((await fill(store, title)).at(-1)).toBe("budget-spent");
    await clock.advance(12 * 3_600_000);
    expect((await fill(store, title)).at(-1)).toBe("stored");
    expect(store.writtenBytes).toBeGreaterThan(256 * KIB);
  }
});

test("a blocked title is deleted and never comes back, until the household lifts its block", async () => {
  const title = sampleTitle([["a", 64 * KIB]]);
  {
    await using store = await openStore();
    await fill(store, title);
    await store.refuse(title.sealed.hash, "household");
    expect(store.open(title.sealed.hash, "a")).toBeUndefined();
    expect(await store.addManifest(title.sealed)).toBe("household");
  }
  await using store = await openStore();
  expect(store.titles()).toEqual([]);
  expect(await store.addManifest(title.sealed)).toBe("household");
  expect(store.refused("household")).toEqual([title.sealed.hash]);
  expect(store.allow(title.sealed.hash)).toBe(true);
  expect(await store.addManifest(title.sealed)).toBe("added");
});

test("a takedown cannot be lifted by the household", async () => {
  await using store = await openStore();
  const title = sampleTitle([["a", 64 * KIB]]);
  await store.refuse(title.sealed.hash, "household");
  await store.refuse(title.sealed.hash, "takedown");
  expect(store.allow(title.sealed.hash)).toBe(false);
  expect(await store.addManifest(title.sealed)).toBe("takedown");
});

test("a block that the disk does not take deletes the title all the same, and is written at the next try", async () => {
  const title = sampleTitle([["a.bin", 10 * KIB]]);
  const { hash } = title.sealed;
  const obstacle = join(directory, "refused.new");
  {
    await using store = await openStore();
    await fill(store, title);
    await mkdir(obstacle);
    await expect(store.refuse(hash, "household")).rejects.toThrow();
    expect(store.open(hash, "a.bin")).toBeUndefined();
    expect(await store.addManifest(title.sealed)).toBe("household");
    await rm(obstacle, { recursive: true });
    await store.refuse(hash, "household");
  }
  await using again = await openStore();
  expect(again.refused("household")).toEqual([hash]);
});

test("a name with line breaks is one line of the list, and one without a name is none", async () => {
  const path = join(directory, "refused");
  const [named, unnamed] = ["a".repeat(64) as Hash, "b".repeat(64) as Hash];
  const names = new Map([[named, `Big  Lake,\ntakedown ${unnamed}`]]);
  (await RefusalList.open(path)).add([named, unnamed], "household", (title) => names.get(title));
  const again = await RefusalList.open(path);
  expect(again.list("household")).toEqual([named, unnamed]);
  expect(again.nameOf(named)).toBe(`Big Lake, takedown ${unnamed}`);
  expect(again.nameOf(unnamed)).toBeUndefined();
});

test("what was blocked keeps its name over a restart", async () => {
  const title = sampleTitle([["a.bin", 10 * KIB]]);
  const unheld = "e".repeat(64) as Hash;
  {
    await using store = await openStore();
    await store.addManifest(title.sealed);
    await store.refuseAll([title.sealed.hash, unheld], "household");
  }
  await using again = await openStore();
  expect(again.refused("household")).toEqual([title.sealed.hash, unheld]);
  expect(again.refusedName(title.sealed.hash)).toBe("Sample 1");
  expect(again.refusedName(unheld)).toBeUndefined();
});

test("a title that is blocked while it arrives does not come", async () => {
  await using store = await openStore();
  const title = sampleTitle([["a.bin", 10 * KIB]]);
  const arriving = store.addManifest(title.sealed);
  await store.refuse(title.sealed.hash, "takedown");
  expect(await arriving).toBe("takedown");
  expect(store.titles()).toEqual([]);
  expect(await readdir(join(directory, "titles"))).toEqual([]);
});

test("a file is worth a write only when it was asked for twice", async () => {
  await using store = await openStore({ capacity: mebibytes(1) });
  const title = sampleTitle([["a", 64 * KIB]]);
  await store.addManifest(title.sealed);
  store.touch(title.sealed.hash, 0, 0, 10);
  expect(store.takeWanted()).toEqual([]);
  store.touch(title.sealed.hash, 0, 0, 10);
  expect(store.takeWanted()).toEqual([{ title: title.sealed.hash, file: 0 }]);
  expect(store.takeWanted()).toEqual([]);
});

test("a directory that cannot be used is one sentence with the path", async () => {
  await expect(openStore({ directory: "/dev/null/content" })).rejects.toThrow(
    "Cannot use the content directory /dev/null/content",
  );
});
