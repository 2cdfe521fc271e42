/** Ordinary players and download tools, as they are, against a real gateway and real boxes. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { metalink } from "../../agent/content/metalink.ts";
import { type SampleTitle, sampleTitle } from "../../agent/content/sample-title.ts";
import { sha256 } from "../../agent/core/encoding.ts";
import { endOf } from "../runner/end-of.ts";
import { CHROMIUM, watch } from "./browser.ts";
import { loadTitle, type PlayedFrom, playFromBoxes, titlesFolder } from "./gateway-fixture.ts";
import { ServingBox } from "./serving-box.ts";

const MIB = 1024 * 1024;
const lacks = (tool: string) => Bun.which(tool) === null;
/** Named in the test's title, so that a skip says what is missing. */
const needs = (tool: string) => (lacks(tool) ? ` (skipped: ${tool} is not installed)` : "");

let folder: string;
const open: AsyncDisposable[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "players-"));
});
afterAll(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Each title is served once by three boxes for all tests. */
const cache = new Map<string, Promise<PlayedFrom<ServingBox> & { title: SampleTitle }>>();
function played(name: "meadow" | "three-tones" | "film") {
  const make = async () => {
    const title =
      name === "film"
        ? sampleTitle([["film.mp4", 20 * MIB + 7]], { delivery: "open", chunkSize: 256 * 1024 })
        : await loadTitle(join(titlesFolder, name));
    const boxes = await Promise.all([1, 2, 3].map(() => ServingBox.start(title)));
    const playing = await playFromBoxes(title, boxes);
    open.push(playing);
    return Object.assign(playing, { title });
  };
  const known = cache.get(name) ?? make();
  cache.set(name, known);
  return known;
}

async function run(command: readonly string[]) {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe", cwd: folder });
  return endOf(child);
}

test.skipIf(lacks("ffprobe"))(
  `ffprobe sees picture, sound and the full length${needs("ffprobe")}`,
  async () => {
    const { url } = await played("meadow");
    const show = ["-show_entries", "stream=codec_name:format=duration", "-of", "json"];
    const { code, stdout } = await run(["ffprobe", "-v", "error", ...show, `${url}/master.m3u8`]);
    expect(code).toBe(0);
    const seen = JSON.parse(stdout);
    expect(Number(seen.format.duration)).toBeCloseTo(180, 0);
    const codecs = seen.streams.map((stream: { codec_name: string }) => stream.codec_name);
    expect(new Set(codecs)).toEqual(new Set(["h264", "aac"]));
  },
  30_000,
);

test.skipIf(lacks("ffmpeg"))(
  `ffmpeg decodes every frame without a complaint${needs("ffmpeg")}`,
  async () => {
    const { url } = await played("meadow");
    const input = ["-i", `${url}/index.m3u8`, "-f", "null", "-"];
    const { code, stderr } = await run([
      "ffmpeg",
      "-nostdin",
      "-v",
      "warning",
      "-xerror",
      ...input,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  },
  60_000,
);

test.skipIf(lacks("ffmpeg"))(
  `ffmpeg plays the live channel${needs("ffmpeg")}`,
  async () => {
    const { url } = await played("meadow");
    const input = ["-i", `${url}/index.m3u8?live`, "-t", "3", "-f", "null", "-"];
    const { code, stderr } = await run(["ffmpeg", "-nostdin", "-v", "error", "-xerror", ...input]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  },
  60_000,
);

test.skipIf(lacks("ffprobe"))(
  `ffprobe reads tags and length of an album's track${needs("ffprobe")}`,
  async () => {
    const { url } = await played("three-tones");
    const show = ["-show_entries", "format=duration:format_tags=title,TSRC", "-of", "json"];
    const { stdout } = await run(["ffprobe", "-v", "error", ...show, `${url}/02-noon-c-sharp.mp3`]);
    const { format } = JSON.parse(stdout);
    expect(format.tags).toEqual({ title: "Noon C Sharp", TSRC: "QMSPB2600002" });
    expect(Number(format.duration)).toBeCloseTo(15, 0);
  },
  30_000,
);

/** mpv without a window or a sound card, as fast as it can; every complaint counts. */
async function runMpv(...command: readonly string[]): Promise<void> {
  const nowhere = ["--vo=null", "--ao=null", "--untimed", "--ao-null-untimed"];
  const quiet = ["--no-config", "--msg-level=all=warn,statusline=no"];
  const { code, stderr } = await run(["mpv", ...quiet, ...nowhere, ...command]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

/** Seconds of sound that mpv made of it. */
async function soundByMpv(...command: readonly string[]): Promise<number> {
  const target = join(folder, "sound.wav");
  const made = ["--no-video", `--o=${target}`, "--oac=pcm_s16le"];
  await runMpv(...made, "--audio-samplerate=8000", "--audio-channels=mono", ...command);
  return Bun.file(target).size / (2 * 8000);
}

test.skipIf(lacks("mpv"))(
  `mpv plays a title to its end, and from its middle${needs("mpv")}`,
  async () => {
    const { url } = await played("meadow");
    await runMpv(`${url}/master.m3u8`);
    const middle = ["--start=120", "--end=130", `${url}/index.m3u8`];
    const seconds = await soundByMpv(...middle);
    expect(seconds).toBeGreaterThan(9.9);
    // It may begin where the segment does.
    expect(seconds).toBeLessThan(20);
  },
  60_000,
);

test.skipIf(lacks("mpv"))(
  `mpv plays an album through, each track whole${needs("mpv")}`,
  async () => {
    const { url, title } = await played("three-tones");
    const { files } = title.sealed.body;
    const tracks = files.filter(({ track }) => track).map(({ path }) => `${url}/${path}`);
    expect(await soundByMpv(...tracks)).toBeCloseTo(45, 0);
  },
  60_000,
);

test.skipIf(lacks("curl"))(
  `curl downloads, resumes and asks for ranges${needs("curl")}`,
  async () => {
    const { url, title } = await played("film");
    const content = title.content[0] as Uint8Array<ArrayBuffer>;
    const target = join(folder, "curl.mp4");
    await Bun.write(target, content.slice(0, 5 * MIB + 1));
    const { code } = await run(["curl", "-sSf", "-C", "-", "-o", target, `${url}/film.mp4`]);
    expect(code).toBe(0);
    expect(sha256(await Bun.file(target).bytes())).toBe(sha256(content));
    const part = await run(["curl", "-sSf", "-r", "1000-1999", "-o", "part", `${url}/film.mp4`]);
    expect(part.code).toBe(0);
    expect(sha256(await Bun.file(join(folder, "part")).bytes())).toBe(
      sha256(content.slice(1000, 2000)),
    );
  },
  30_000,
);

test.skipIf(lacks("aria2c"))(
  `aria2 downloads over four connections from the gateway${needs("aria2c")}`,
  async () => {
    const { url, title } = await played("film");
    const split = ["-x4", "-s4", "-k1M", "--file-allocation=none", "-q", "-o", "aria.mp4"];
    const { code } = await run(["aria2c", "--no-conf", ...split, `${url}/film.mp4`]);
    expect(code).toBe(0);
    expect(sha256(await Bun.file(join(folder, "aria.mp4")).bytes())).toBe(
      sha256(title.content[0] as Uint8Array),
    );
  },
  30_000,
);

test.skipIf(lacks("aria2c"))(
  `aria2 downloads an open title straight from the boxes, by its metalink${needs("aria2c")}`,
  async () => {
    const { boxes, title } = await played("film");
    const document = metalink(
      title.sealed,
      boxes.map((box) => box.address),
    );
    await Bun.write(join(folder, "film.meta4"), document);
    await Bun.write(join(folder, "straight", "keep"), "");
    const quiet = ["--no-conf", "-q", "--file-allocation=none", "-s3", "-k1M"];
    const { code, stderr } = await run([
      ...["aria2c", ...quiet, "-d", join(folder, "straight"), "-M", join(folder, "film.meta4")],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(sha256(await Bun.file(join(folder, "straight/film.mp4")).bytes())).toBe(
      sha256(title.content[0] as Uint8Array),
    );
    const one = await fetch(`${boxes[0]?.address}/v1/titles/${title.sealed.hash}/metalink`);
    expect(one.headers.get("content-type")).toBe("application/metalink4+xml");
  },
  30_000,
);

test.skipIf(lacks(CHROMIUM))(
  `hls.js in Chromium starts and plays on${needs(CHROMIUM)}`,
  async () => {
    const { url } = await played("meadow");
    const seen = await watch(`${url}/master.m3u8`, 3);
    expect(seen.error).toBe("");
    expect(seen.position).toBeGreaterThanOrEqual(3);
    expect(seen.duration).toBeCloseTo(180, 0);
    expect(seen.width).toBe(320);
  },
  60_000,
);

test.skipIf(lacks(CHROMIUM))(
  `hls.js in Chromium follows the live channel${needs(CHROMIUM)}`,
  async () => {
    const { url } = await played("meadow");
    const seen = await watch(`${url}/master.m3u8?live`, 2);
    expect(seen.error).toBe("");
    expect(seen.position).toBeGreaterThan(0);
  },
  60_000,
);
