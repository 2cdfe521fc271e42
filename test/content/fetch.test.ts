import { afterEach, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TicketRequest } from "../../agent/accounting/messages.ts";
import { BoxLink } from "../../agent/content/box-link.ts";
import { toFolder, toNowhere } from "../../agent/content/destination.ts";
import { fetchTitle, fillTitle } from "../../agent/content/fetch-title.ts";
import { type SampleTitle, sampleTitle } from "../../agent/content/sample-title.ts";
import { ContentStore } from "../../agent/content/store.ts";
import { sha256 } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bytes, milliseconds } from "../../agent/core/units.ts";
import { asViewer, type BoxScript, ScriptedBox, ticketSource } from "./scripted-box.ts";

const MIB = 1024 * 1024;
const running: ScriptedBox[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((box) => box.kill()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

const start = (title: SampleTitle, ...scripts: BoxScript[]) => {
  const boxes = scripts.map((script) => new ScriptedBox(title, script));
  running.push(...boxes);
  return boxes;
};

async function newFolder() {
  const folder = await mkdtemp(join(tmpdir(), "fetch-"));
  folders.push(folder);
  return folder;
}

const never = new AbortController().signal;

async function exact(folder: string, title: SampleTitle) {
  for (const [at, file] of title.sealed.body.files.entries())
    expect(sha256(await readFile(join(folder, file.path)))).toBe(
      sha256(title.content[at] as Uint8Array),
    );
}

test.each([".bashrc", "music/.ssh/authorized_keys"])("a title with %s is not written", (path) => {
  const { body } = sampleTitle([
    ["a.mp3", 10],
    [path, 10],
  ]).sealed;
  expect(() => toFolder("/tmp/x", body)).toThrow(`hidden file (${path})`);
});

test("a title comes from all boxes at once, and every box gets receipts for all it gave", async () => {
  const title = sampleTitle([
    ["a/film.mp4", 12 * MIB + 17],
    ["b.jpg", 1000],
    ["empty", 0],
  ]);
  const boxes = start(title, {}, {}, {}, {});
  const folder = await newFolder();
  const destination = toFolder(folder, title.sealed.body);
  const summary = await fetchTitle({ ...asViewer(title, ticketSource(boxes)), destination }, never);
  expect(summary.end).toBe("complete");
  await exact(folder, title);
  expect(summary.boxes.filter((box) => box.bytes > 0)).toHaveLength(4);
  for (const box of boxes) {
    const tally = summary.boxes.find((each) => each.box === box.signer.publicKey);
    expect(box.provenBytes).toBe(tally?.bytes ?? -1);
    expect(box.connections.size).toBeLessThanOrEqual(4);
  }
});

test("a box that lies is named and given up, and the file is exact", async () => {
  const title = sampleTitle([["film.mp4", 8 * MIB]]);
  const boxes = start(title, {}, { garbles: 1 }, {});
  const liar = boxes[1] as ScriptedBox;
  const folder = await newFolder();
  const tickets = ticketSource(boxes);
  const destination = toFolder(folder, title.sealed.body);
  const summary = await fetchTitle({ ...asViewer(title, tickets), destination }, never);
  await exact(folder, title);
  const tally = summary.boxes.find((box) => box.box === liar.signer.publicKey);
  expect(tally?.state).toBe("garbled");
  expect(tally?.badChunks).toBeGreaterThan(0);
});

test("boxes that die in the middle do not stop the fetch", async () => {
  const title = sampleTitle([["film.mp4", 6 * MIB]]);
  const boxes = start(title, { rate: 20e6 }, { rate: 20e6 }, { rate: 20e6 });
  const folder = await newFolder();
  const destination = toFolder(folder, title.sealed.body);
  let killed = false;
  const onProgress = ({ done }: { done: number }) => {
    if (done > MIB && !killed) {
      killed = true;
      void boxes[0]?.kill();
    }
  };
  const summary = await fetchTitle(
    { ...asViewer(title, ticketSource(boxes)), destination, onProgress },
    never,
  );
  expect(killed).toBe(true);
  expect(summary.end).toBe("complete");
  await exact(folder, title);
});

test("the origin gives only what no box has", async () => {
  const title = sampleTitle([
    ["a.ts", 2 * MIB],
    ["b.ts", MIB],
  ]);
  const [box, origin] = start(title, { files: new Set(["a.ts"]) }, {});
  const tickets = ticketSource([box as ScriptedBox], origin);
  const summary = await fetchTitle({ ...asViewer(title, tickets), destination: toNowhere }, never);
  expect(summary.end).toBe("complete");
  const fromOrigin = summary.boxes.find((each) => each.origin);
  expect(fromOrigin?.bytes).toBe(MIB);
});

test("a box that gives less than a chunk at a time has failed, or it would be asked without end", async () => {
  const title = sampleTitle([["film.mp4", MIB]]);
  const [stingy] = start(title, { gives: 1000 });
  const viewer = asViewer(title, ticketSource([stingy as ScriptedBox]));
  const request = { viewer: viewer.signer.publicKey, title: title.sealed.hash };
  const link = new BoxLink({
    ...viewer,
    manifest: title.sealed.body,
    grant: (stingy as ScriptedBox).grant(request as TicketRequest),
  });
  const nothing = { deliver: async () => {}, onBytes: () => {} };
  const outcome = await link.fetchRun({ file: 0, first: 0, after: 1 }, nothing, never);
  expect(outcome).toEqual({ kind: "failed", reason: "less than a chunk" });
});

test("a fetch goes on where it was stopped", async () => {
  const title = sampleTitle([["film.mp4", 4 * MIB]]);
  const folder = await newFolder();
  const [slow] = start(title, { rate: 30e6 });
  const stop = new AbortController();
  const destination = toFolder(folder, title.sealed.body);
  const first = await fetchTitle(
    {
      ...asViewer(title, ticketSource([slow as ScriptedBox])),
      destination,
      onProgress: ({ done }) => done >= MIB && stop.abort(),
    },
    stop.signal,
  );
  expect(first.end).toBe("stopped");
  const [again] = start(title, {});
  const second = await fetchTitle(
    { ...asViewer(title, ticketSource([again as ScriptedBox])), destination },
    never,
  );
  expect(second.resumed).toBeGreaterThanOrEqual(MIB);
  expect(again?.sentBytes).toBe(4 * MIB - second.resumed);
  await exact(folder, title);
});

test("a longer file of the same name is cut, a damaged part fetched again", async () => {
  const title = sampleTitle([["a", 200_000]]);
  const folder = await newFolder();
  const boxes = start(title, {});
  const destination = toFolder(folder, title.sealed.body);
  await Bun.write(join(folder, "a"), title.content[0] as Uint8Array<ArrayBuffer>);
  await truncate(join(folder, "a"), 300_000);
  await fetchTitle({ ...asViewer(title, ticketSource(boxes)), destination }, never);
  await exact(folder, title);
  expect(boxes[0]?.sentBytes).toBe(0);
});

test("a box that wants receipts first gets them and goes on", async () => {
  const title = sampleTitle([["film.mp4", 4 * MIB]]);
  const boxes = start(title, { window: 512 * 1024 });
  const summary = await fetchTitle(
    { ...asViewer(title, ticketSource(boxes)), destination: toNowhere },
    never,
  );
  expect(summary.end).toBe("complete");
});

test("a busy box is asked again later", async () => {
  const title = sampleTitle([["a", MIB]]);
  const boxes = start(title, { busyFirst: 3 });
  const summary = await fetchTitle(
    { ...asViewer(title, ticketSource(boxes)), destination: toNowhere },
    never,
  );
  expect(summary.end).toBe("complete");
});

test("a ticket that is used up is replaced by a new one", async () => {
  const title = sampleTitle([["a", 4 * MIB]]);
  const boxes = start(title, { maxBytes: MIB });
  const tickets = ticketSource(boxes);
  const summary = await fetchTitle({ ...asViewer(title, tickets), destination: toNowhere }, never);
  expect(summary.end).toBe("complete");
  expect(tickets.requests.length).toBeGreaterThanOrEqual(4);
  expect(tickets.requests.every((request) => request.avoid.length === 0)).toBe(true);
});

test("the coordinator is not asked again and again while the boxes it named are at work", async () => {
  const title = sampleTitle([["a", 2 * MIB]]);
  const boxes = start(title, { rate: 6e6 });
  const tickets = ticketSource(boxes);
  await fetchTitle({ ...asViewer(title, tickets), destination: toNowhere }, never);
  expect(tickets.requests.length).toBeLessThanOrEqual(2);
});

test("what is fetched waits for the pace that the household allows", async () => {
  const title = sampleTitle([["a", 2 * MIB]]);
  const boxes = start(title, {});
  let allowed = 0;
  const pace = async (amount: number) => {
    allowed += amount;
  };
  await fetchTitle(
    { ...asViewer(title, ticketSource(boxes)), destination: toNowhere, pace },
    never,
  );
  expect(allowed).toBeGreaterThanOrEqual(2 * MIB);
  expect(boxes[0]?.sentBytes).toBeLessThanOrEqual(allowed);
});

test("a box that says nothing does not hold the title up", async () => {
  const title = sampleTitle([["a", 2 * MIB]]);
  const boxes = start(title, { mute: true }, {});
  const summary = await fetchTitle(
    { ...asViewer(title, ticketSource(boxes)), destination: toNowhere },
    never,
  );
  expect(summary.end).toBe("complete");
});

test("when nobody has the title the fetch ends with a sentence", async () => {
  const title = sampleTitle([["a", MIB]]);
  const options = { ...asViewer(title, ticketSource([])), destination: toNowhere };
  await expect(fetchTitle({ ...options, patience: milliseconds(300) }, never)).rejects.toThrow(
    'Nothing of "Sample 1" came for 0 s (no box and no origin has the title): try again later.',
  );
});

test("a box fills its store and stops at its write budget", async () => {
  const title = sampleTitle([["a", 4 * MIB]]);
  const boxes = start(title, {});
  await using store = await ContentStore.open({
    directory: await newFolder(),
    dailyWrites: bytes(2 * MIB),
    environment: "dev",
    clock: systemClock,
    log: silentLog,
  });
  const outcome = await fillTitle({ ...asViewer(title, ticketSource(boxes)), store }, never);
  expect(outcome).toMatchObject({ end: "budget-spent" });
  expect(store.usedBytes).toBeGreaterThan(MIB);
  await store.refuse(title.sealed.hash, "household");
  expect(await fillTitle({ ...asViewer(title, ticketSource(boxes)), store }, never)).toBe(
    "household",
  );
});
