import { expect, test } from "bun:test";
import { parsePlaylist, resolveUri, withQuery } from "./playlist.ts";

test("everything a playlist names is found: segments, maps, keys, renditions, variants", () => {
  const media = parsePlaylist(
    '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k.bin"\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:2.5,name\na.m4s\n',
  );
  expect(media?.uris).toEqual(["k.bin", "init.mp4", "a.m4s"]);
  expect(media?.segments).toMatchObject([{ uri: "a.m4s", seconds: 2.5 }]);
  const master = parsePlaylist(
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="audio.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo.m3u8\n',
  );
  expect(master).toMatchObject({ kind: "master", uris: ["audio.m3u8", "video.m3u8"] });
  expect(parsePlaylist("<html>")).toBeUndefined();
});

test.each([
  ["index.m3u8", "a.ts", "a.ts"],
  ["hd/index.m3u8", "a%20b.ts?token=1#x", "hd/a b.ts"],
  ["hd/index.m3u8", "../audio/a.ts", "audio/a.ts"],
  ["index.m3u8", "../a.ts", undefined],
  ["index.m3u8", "/etc/passwd", undefined],
  ["index.m3u8", "https://example.org/a.ts", undefined],
  ["index.m3u8", "%", undefined],
])("in %s the URI %s means %p", (playlist, uri, path) => {
  expect(resolveUri(playlist, uri)).toBe(path as string);
});

test("a master playlist asks for its variants with the same query", () => {
  const text =
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI="a.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n';
  expect(withQuery(text, "live")).toContain('URI="a.m3u8?live"');
  expect(withQuery(text, "live")).toContain("\nv.m3u8?live\n");
});

test("URIs that have a query of their own keep it", () => {
  const text = '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI="a.m3u8?t=1"\nv.m3u8?t=2\n';
  expect(withQuery(text, "live")).toContain('URI="a.m3u8?t=1&live"\nv.m3u8?t=2&live\n');
});

test("a list of half a million segments is read, with their longest as its target", () => {
  const text = `#EXTM3U\n${"#EXTINF:4,\na.ts\n".repeat(500_000)}#EXTINF:6.5,\nb.ts\n`;
  const playlist = parsePlaylist(text);
  expect(playlist?.segments).toHaveLength(500_001);
  expect(playlist?.targetSeconds).toBe(7);
});

test.each(["-4", "NaN", "1e999", "86401", ""])(
  "a segment of %p seconds does not count",
  (length) => {
    const playlist = parsePlaylist(`#EXTM3U\n#EXT-X-TARGETDURATION:-3\n#EXTINF:${length},\na.ts\n`);
    expect(playlist?.segments).toMatchObject([{ uri: "a.ts", seconds: 0 }]);
    expect(playlist?.targetSeconds).toBe(1);
  },
);
