/**
 * What a viewer gets from eight boxes of 5 Mbit/s and 20 ms, with one of them lying; how soon a player
 * starts on two boxes; and what one with ten seconds of buffer notices when four of eight die.
 *   bun test/bench/fetch-many-boxes.ts [mebibytes]
 */
import { join } from "node:path";
import { seal } from "../../agent/accounting/envelope.ts";
import { toNowhere } from "../../agent/content/destination.ts";
import { fetchTitle } from "../../agent/content/fetch-title.ts";
import { type SampleTitle, sampleTitle } from "../../agent/content/sample-title.ts";
import { sha256 } from "../../agent/core/encoding.ts";
import { createSigner } from "../../agent/identity/ed25519.ts";
import { loadTitle, playFromBoxes, titlesFolder } from "../content/gateway-fixture.ts";
import { asViewer, ScriptedBox, ticketSource } from "../content/scripted-box.ts";
import { ServingBox } from "../content/serving-box.ts";
import { PacedLine } from "./paced-line.ts";

const MIB = 1024 * 1024;
const RATE = 5e6;
const size = Number(process.argv[2] ?? 32) * MIB;

/** A real box behind a line of its own; the ticket names the line's address. */
async function behindLine(title: SampleTitle, { lies = false, rate = RATE } = {}) {
  const box = lies ? new ScriptedBox(title, { garbles: 1 }) : await ServingBox.start(title);
  const line = await PacedLine.open(box.address, rate);
  return {
    box,
    line,
    signer: box.signer,
    grant: (request: Parameters<typeof box.grant>[0]) => ({
      ...box.grant(request),
      addresses: [line.address],
    }),
    kill: async () => {
      line.cut();
      await box.kill();
    },
  };
}

const eight = (title: SampleTitle, liar = -1) =>
  Promise.all([...Array(8).keys()].map((at) => behindLine(title, { lies: at === liar })));

const never = new AbortController().signal;
const megabits = (amount: number, ms: number) => ((amount * 8) / ms / 1000).toFixed(1);

async function throughput() {
  const title = sampleTitle([["film.mp4", size]], { chunkSize: 256 * 1024 });
  const boxes = await eight(title);
  const summary = await fetchTitle(
    { ...asViewer(title, ticketSource(boxes)), destination: toNowhere },
    never,
  );
  const copies = summary.boxes.reduce((sum, box) => sum + box.copies, 0);
  console.log(
    `eight boxes of 5 Mbit/s: ${megabits(summary.done, summary.took)} Mbit/s to one viewer (bar 36), ${((100 * copies) / size).toFixed(1)} % fetched twice`,
  );
  await Promise.all(boxes.map((box) => box.kill()));
}

/** From the player's first request to the first whole segment, over two boxes. */
async function startUp() {
  const title = await loadTitle(join(titlesFolder, "meadow"));
  const boxes = await Promise.all([
    behindLine(title, { rate: 20e6 }),
    behindLine(title, { rate: 20e6 }),
  ]);
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    const gateway = await playFromBoxes(
      title,
      boxes.map((box) => ({ ...box, kill: async () => {} })),
    );
    const began = performance.now();
    for (const file of ["master.m3u8", "index.m3u8", "segment-000.ts"])
      await (await fetch(`${gateway.url}/${file}`)).bytes();
    times.push(performance.now() - began);
    await gateway[Symbol.asyncDispose]();
  }
  times.sort((a, b) => a - b);
  console.log(
    `start-up from two boxes of 20 Mbit/s and 20 ms: first segment after ${Math.round(times[2] ?? 0)} ms (bar 1000)`,
  );
  await Promise.all(boxes.map((box) => box.kill()));
}

async function liar() {
  const title = sampleTitle([["film.mp4", size / 2]], { chunkSize: 256 * 1024 });
  const boxes = await eight(title, 3);
  const chunks: Uint8Array[] = [];
  const destination = {
    ...toNowhere,
    put: async (ref: { chunk: number }, data: Uint8Array) => {
      chunks[ref.chunk] = data;
      return undefined;
    },
  };
  const summary = await fetchTitle({ ...asViewer(title, ticketSource(boxes)), destination }, never);
  const exact = sha256(Buffer.concat(chunks)) === sha256(title.content[0] as Uint8Array);
  const named = summary.boxes.filter((box) => box.state === "garbled").map((box) => box.box);
  console.log(
    `a liar among eight: file ${exact ? "exact" : "WRONG"}, named ${named.length === 1 && named[0] === boxes[3]?.signer.publicKey ? "the liar" : "SOMEONE ELSE"}, ${megabits(summary.done, summary.took)} Mbit/s`,
  );
  await Promise.all(boxes.map((box) => box.kill()));
}

/** Segments of 4 s at 12 Mbit/s, played with a buffer of 10 s. */
async function deaths(how: "cut" | "freeze") {
  const seconds = 4;
  const count = 12;
  const segment = (12e6 / 8) * seconds;
  const files = [...Array(count).keys()].map((at) => [`s${at}.ts`, segment] as const);
  const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:4\n${files.map(([name]) => `#EXTINF:4,\n${name}\n`).join("")}#EXT-X-ENDLIST\n`;
  const title = withPlaylist(sampleTitle(files, { chunkSize: 256 * 1024 }), playlist);
  const boxes = await eight(title);
  await using played = await playFromBoxes(title, boxes);
  const began = performance.now();
  await (await fetch(`${played.url}/index.m3u8`)).bytes();
  let startUp = 0;
  let stalled = 0;
  let bufferedUntil = 0;
  for (const [at, [name]] of files.entries()) {
    const ahead = () => bufferedUntil - performance.now();
    if (bufferedUntil > 0 && ahead() > 10_000) await Bun.sleep(ahead() - 10_000);
    await (await fetch(`${played.url}/${name}`)).bytes();
    const now = performance.now();
    if (at === 0) {
      startUp = now - began;
      bufferedUntil = now;
    }
    if (now > bufferedUntil) {
      stalled += now - bufferedUntil;
      bufferedUntil = now;
    }
    bufferedUntil += seconds * 1000;
    if (at === 4) for (const box of boxes.slice(0, 4)) box.line[how]();
  }
  console.log(
    `four of eight ${how === "cut" ? "die" : "fall silent"} mid-play at 12 Mbit/s: stalled ${Math.round(stalled)} ms (bar 0), first segment whole after ${Math.round(startUp)} ms`,
  );
}

function withPlaylist(title: SampleTitle, text: string): SampleTitle {
  const data = new TextEncoder().encode(text);
  const { body } = title.sealed;
  const file = {
    path: "index.m3u8",
    size: data.length as (typeof body.files)[number]["size"],
    mediaType: "application/vnd.apple.mpegurl",
    chunks: [sha256(data)],
  };
  const creator = createSigner(new Uint8Array(32).fill(7));
  return {
    sealed: seal("manifest", { ...body, files: [...body.files, file] }, creator, "dev"),
    content: [...title.content, data],
  };
}

await startUp();
await throughput();
await liar();
await deaths("cut");
await deaths("freeze");
process.exit(0);
