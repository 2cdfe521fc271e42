import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, splitId } from "../accounting/envelope.ts";
import type { Hash } from "../core/encoding.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { bytes, unixSeconds } from "../core/units.ts";
import { createSigner } from "../identity/ed25519.ts";
import { CoordinatorRefusal } from "./coordinator-client.ts";
import { chooseChunkSize, kindOf, makeTitle, slugOf, type TitleAbout } from "./make-title.ts";
import { mediaTypeOf } from "./media-type.ts";
import { plainIsrc } from "./music-tags.ts";
import { collectSplit, readSplit, signSplit } from "./split-file.ts";
import { uploadTitle } from "./upload-title.ts";

const titles = join(import.meta.dir, "../../test/fixtures/titles");
const anna = createSigner(new Uint8Array(32).fill(1));
const ben = createSigner(new Uint8Array(32).fill(2));
let folder: string;
let split: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "publish-"));
  split = join(folder, "split.toml");
});
afterEach(() => rm(folder, { recursive: true }));

const party = (key: string, share: number) => `[[party]]\nkey = "${key}"\nshare = ${share}\n`;
const alone = async () => {
  await writeFile(split, party(anna.publicKey, 100));
  return collectSplit(split, anna, "dev");
};

const make = async (from: string, about: TitleAbout = {}) =>
  makeTitle({
    folder: from,
    about,
    split: await alone(),
    signer: anna,
    environment: "dev",
    createdAt: unixSeconds(1_767_225_600),
    log: silentLog,
  });

test("an HLS folder becomes a video title with cover, types and a hash for every chunk", async () => {
  const { manifest } = await make(join(titles, "meadow"));
  const { body } = manifest;
  expect(body).toMatchObject({ slug: "meadow", name: "meadow", kind: "video", cover: "cover.jpg" });
  expect(body.files).toHaveLength(48);
  expect(body.files.find((file) => file.path === "index.m3u8")?.mediaType).toBe(
    "application/vnd.apple.mpegurl",
  );
  expect(open("manifest", manifest.bytes, { environment: "dev" }).ok).toBe(true);
});

test("an album's tags become its metadata, track by track", async () => {
  const { body } = (await make(join(titles, "three-tones"))).manifest;
  expect(body).toMatchObject({
    kind: "music",
    name: "Three Tones",
    slug: "three-tones",
    album: "Three Tones",
    artist: "The Sine Waves",
    cover: "cover.jpg",
  });
  expect(body.files.map((file) => file.track).filter((track) => track)).toEqual([
    { number: 1, title: "Morning A", isrc: "QMSPB2600001" },
    { number: 2, title: "Noon C Sharp", isrc: "QMSPB2600002" },
    { number: 3, title: "Evening E", isrc: "QMSPB2600003" },
  ]);
});

test("what a person says of a title goes before what the folder says", async () => {
  const about = { name: "Wiese", slug: "wiese", delivery: "open", isrc: "QMSPB2600009" } as const;
  const { body } = (await make(join(titles, "meadow"), about)).manifest;
  expect(body).toMatchObject(about);
});

test("a title that breaks the manifest's limits is one sentence", async () => {
  await expect(make(join(titles, "meadow"), { slug: "Not A Slug" })).rejects.toThrow(
    /cannot be a title .*slug|cannot be a title/,
  );
});

test("tags that cannot be read make a poorer title, not a failed one", async () => {
  await mkdir(join(folder, "album"));
  await writeFile(join(folder, "album", "02-noise_song.mp3"), "this is no music");
  const { body } = (await make(join(folder, "album"))).manifest;
  expect(body.files[0]?.track).toEqual({ number: 1, title: "02 noise song" });
});

test.each([
  ["Über den Wolken!", "uber-den-wolken"],
  ["  --  ", "title"],
  ["日本", "title"],
  ["A".repeat(100), "a".repeat(64)],
])("the name %p gives the slug %s", (name, slug) => {
  expect(slugOf(name)).toBe(slug);
});

const described = (path: string, size = 1) => ({
  path,
  diskPath: `/${path}`,
  size,
  mediaType: mediaTypeOf(path),
});

test("kind follows from what is in the folder", () => {
  expect(kindOf([described("a.mp3"), described("cover.jpg"), described("booklet.pdf")])).toBe(
    "music",
  );
  expect(kindOf([described("a.mp3"), described("film.mp4")])).toBe("video");
  expect(kindOf([described("a.mp3"), described("setup.zip")])).toBe("files");
});

test("chunks grow with the title, and a title beyond all limits is refused by name", () => {
  expect(chooseChunkSize([described("a.mp4", 1e9)])).toBe(256 * 1024);
  expect(chooseChunkSize([described("a.mp4", 20e9)])).toBe(512 * 1024);
  expect(() => chooseChunkSize([described("huge.mkv", 100e9)])).toThrow("huge.mkv");
});

test.each([
  ["QM-SPB-26-00001", "QMSPB2600001"],
  ["qmspb2600001", "QMSPB2600001"],
  ["12345", undefined],
])("the ISRC %s is %p", (written, plain) => {
  expect(plainIsrc(written)).toBe(plain as string);
});

test("a split counts when every party has signed the same", async () => {
  await writeFile(split, party(anna.publicKey, 62.5) + party(ben.publicKey, 37.5));
  await expect(collectSplit(split, anna, "dev")).rejects.toThrow(
    `not yet signed by ${ben.publicKey}`,
  );
  await signSplit(split, ben, "dev");
  const agreed = await collectSplit(split, anna, "dev");
  expect(agreed.body.parties.map((each) => Number(each.share))).toEqual([6250, 3750]);
  expect(agreed.id).toBe(splitId(await readSplit(split)));
  await writeFile(split, party(anna.publicKey, 60) + party(ben.publicKey, 40));
  await expect(collectSplit(split, anna, "dev")).rejects.toThrow("it signs another split");
});

test("a signature for another environment does not count", async () => {
  await writeFile(split, party(anna.publicKey, 50) + party(ben.publicKey, 50));
  await signSplit(split, ben, "prod");
  await expect(collectSplit(split, anna, "dev")).rejects.toThrow("it is no signed split");
});

test.each([
  ["shares that are not 100 per cent", party(anna.publicKey, 99), "the shares sum to 99 per cent"],
  ["a party twice", party(anna.publicKey, 50).repeat(2), "a party is named twice"],
  ["a key that is none", party("abc", 100), "a key has 64 hexadecimal digits"],
  ["nobody", "version = 1\nparty = []\n", "it names no [[party]]"],
  ["an unknown key", `shares = 1\n${party(anna.publicKey, 100)}`, "shares"],
  ["broken TOML", "[[party]\n", "line 1"],
  ["a share finer than is paid", party(anna.publicKey, 50.005), "more than two decimals"],
  ["a date before 1970", `valid_from = 1960-01-01\n${party(anna.publicKey, 100)}`, "before 1970"],
  ["a date after all", `valid_from = 9999-12-31\n${party(anna.publicKey, 100)}`, "after 2105"],
  ["a version beyond counting", `version = 1e300\n${party(anna.publicKey, 100)}`, "version"],
])("a split file with %s is refused, file and cause named", async (_, content, message) => {
  await writeFile(split, content);
  await expect(readSplit(split)).rejects.toThrow(message);
  await expect(readSplit(split)).rejects.toThrow("split.toml");
});

test("only a named party can sign", async () => {
  await writeFile(split, party(anna.publicKey, 100));
  await expect(signSplit(split, ben, "dev")).rejects.toThrow("does not name your key");
});

test("what lies where a signature should be is named", async () => {
  await writeFile(split, party(anna.publicKey, 50) + party(ben.publicKey, 50));
  const signature = `${split}.${ben.publicKey.slice(0, 8)}.signed`;
  await mkdir(signature);
  await expect(signSplit(split, ben, "dev")).rejects.toThrow(
    `could not be written to ${signature}`,
  );
  await expect(collectSplit(split, anna, "dev")).rejects.toThrow(`${signature} cannot be used`);
});

test("the manifest does not depend on anything but the folder, the split and the time", async () => {
  const one = await make(join(titles, "meadow"));
  const two = await make(join(titles, "meadow"));
  expect(one.manifest.hash).toBe(two.manifest.hash);
  expect(bytes((await readFile(join(titles, "meadow/cover.jpg"))).length)).toBe(
    one.manifest.body.files.find((file) => file.path === "cover.jpg")?.size ?? bytes(0),
  );
});

test("an upload that is too fast for the coordinator goes on after a pause", async () => {
  const title = await make(join(titles, "three-tones"));
  const missing = new Set(title.manifest.body.files.flatMap(({ chunks }) => chunks));
  let refusals = 2;
  const coordinator = {
    publish: async () => undefined,
    missing: async () => [...missing],
    putChunk: async (_: Hash, hash: Hash) => {
      if (refusals-- > 0) throw new CoordinatorRefusal(429, "throttled", "Ask again later.");
      missing.delete(hash);
    },
  };
  const pauses: number[] = [];
  const clock = Object.assign(new FakeClock(), {
    sleep: async (pause: number) => void pauses.push(pause),
  });
  await uploadTitle({ title, coordinator, clock });
  expect(pauses).toHaveLength(2);
  expect(missing.size).toBe(0);
});
