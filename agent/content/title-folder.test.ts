import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scanFolder } from "./title-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "title-folder-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = async (path: string, content = "x") => {
  await mkdir(join(folder, path, ".."), { recursive: true });
  await writeFile(join(folder, path), content);
};
const paths = async () => (await scanFolder(folder)).map((file) => file.path);

test("files of all depths come sorted, hidden ones and the split stay out", async () => {
  await put("b/two.ts");
  await put("b/index.m3u8", "#EXTM3U\n#EXTINF:4,\ntwo.ts\n");
  await put("a.jpg");
  await put(".DS_Store");
  await put("split.toml");
  await put("split.toml.ab12.signed");
  expect(await paths()).toEqual(["a.jpg", "b/index.m3u8", "b/two.ts"]);
});

test.each([
  ["an empty folder", async () => {}, /has no files/],
  [
    "a playlist that names a missing segment",
    () => put("index.m3u8", "#EXTM3U\n#EXTINF:4,\nsegment-7.ts\n"),
    "The playlist index.m3u8 names segment-7.ts, which is not in the folder",
  ],
  [
    "a playlist that names an empty segment",
    async () => {
      await put("index.m3u8", "#EXTM3U\n#EXTINF:4,\nnone.ts\n");
      await put("none.ts", "");
    },
    "The file none.ts, named in index.m3u8, is empty",
  ],
  [
    "a playlist that leaves the folder",
    () => put("index.m3u8", "#EXTM3U\n#EXTINF:4,\nhttps://elsewhere.example/a.ts\n"),
    "lies outside the folder",
  ],
  ["a playlist that climbs", () => put("i.m3u8", "#EXTM3U\n#EXTINF:4,\n../a.ts\n"), "lies outside"],
  [
    "something else named like a playlist",
    () => put("index.m3u8", "<html>"),
    "not an HLS playlist",
  ],
  ["a playlist without segments", () => put("index.m3u8", "#EXTM3U\n"), "names no segment"],
  [
    "a link out of the folder",
    () => symlink("/etc/hostname", join(folder, "host")),
    "host is a link out",
  ],
  [
    "a link to nothing",
    () => symlink("nowhere", join(folder, "gone")),
    "gone (it is a link to nothing)",
  ],
  ["a name with a line break", () => put("a\nb.mp3"), "rename the file"],
  ["a name with a backslash", () => put("a\\b.mp3"), "rename the file"],
  [
    "a path beyond 255 bytes",
    () => put(`${"d".repeat(200)}/${"f".repeat(100)}`),
    "longer than 255",
  ],
])("%s is refused by name", async (_, make, message) => {
  await make();
  await expect(scanFolder(folder)).rejects.toThrow(message);
});

test("a folder that is not there, or is a file, is refused", async () => {
  await expect(scanFolder(join(folder, "none"))).rejects.toThrow("it does not exist");
  await put("file");
  await expect(scanFolder(join(folder, "file"))).rejects.toThrow("is a file");
});

test("a link to another file of the folder is that file", async () => {
  await put("a.mp3", "abc");
  await symlink("a.mp3", join(folder, "b.mp3"));
  expect((await scanFolder(folder)).map((file) => file.size)).toEqual([3, 3]);
});
