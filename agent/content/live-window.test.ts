import { expect, test } from "bun:test";
import fc from "fast-check";
import { liveWindow } from "./live-window.ts";
import { parsePlaylist } from "./playlist.ts";

const vod = (count: number) =>
  [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-TARGETDURATION:4",
    '#EXT-X-MAP:URI="init.mp4"',
    ...Array.from({ length: count }, (_, at) => `#EXTINF:4.000,\nseg-${at}.m4s`),
    "#EXT-X-ENDLIST",
    "",
  ].join("\r\n");

const parsed = (count: number) => read(vod(count));

const read = (text: string) => {
  const playlist = parsePlaylist(text);
  if (!playlist) throw new Error("not a playlist");
  return playlist;
};

test("a live window slides by one segment as each is complete", () => {
  const playlist = parsed(10);
  expect(liveWindow(playlist, 0, 3)).toContain("#EXT-X-MEDIA-SEQUENCE:0\n");
  const later = liveWindow(playlist, 21, 3);
  expect(later).toContain("#EXT-X-MEDIA-SEQUENCE:3\n");
  expect(later.match(/seg-\d/g)).toEqual(["seg-3", "seg-4", "seg-5"]);
  expect(later).toContain('#EXT-X-MAP:URI="init.mp4"');
  expect(later).not.toContain("ENDLIST");
});

test("a channel repeats its title with a discontinuity, and counts those that left the window", () => {
  const playlist = parsed(5);
  const around = liveWindow(playlist, 21, 4);
  expect(around.match(/seg-\d|#EXT-X-DISCONTINUITY$/gm)).toEqual([
    "seg-2",
    "seg-3",
    "seg-4",
    "#EXT-X-DISCONTINUITY",
    "seg-0",
  ]);
  expect(around).toContain("#EXT-X-DISCONTINUITY-SEQUENCE:0\n");
  expect(liveWindow(playlist, 45, 4)).toContain("#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
});

test("at any time the window is in order, never longer than asked, and its numbers only rise", () => {
  const playlist = parsed(7);
  const sequence = (text: string) => Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 500, noNaN: true }),
      fc.double({ min: 0, max: 20, noNaN: true }),
      (at, more) => {
        const now = liveWindow(playlist, at, 4);
        const then = liveWindow(playlist, at + more, 4);
        expect((now.match(/^seg-/gm) ?? []).length).toBeLessThanOrEqual(4);
        expect(sequence(then)).toBeGreaterThanOrEqual(sequence(now));
      },
    ),
  );
});

const key = (text: string) => `#EXT-X-KEY:METHOD=AES-128,URI="k.bin"${text}`;

test("a segment whose IV is its number keeps that number when the window counts otherwise", () => {
  const playlist = read(
    `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7000000000\n${key("")}\n#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n`,
  );
  const iv = (last: string) => key(`,IV=0x000000000000000000000001a13b860${last}`);
  expect(liveWindow(playlist, 9, 2)).toContain(
    `${iv("1")}\n#EXTINF:4,\nb.ts\n#EXT-X-DISCONTINUITY\n${iv("0")}\n#EXTINF:4,\na.ts\n`,
  );
});

test("a key with an IV of its own is named once, and ends where the title starts over without one", () => {
  const own = key(",IV=0x0000000000000000000000000000000A");
  const playlist = read(`#EXTM3U\n#EXTINF:4,\na.ts\n${own}\n#EXTINF:4,\nb.ts\n#EXTINF:4,\nc.ts\n`);
  const window = liveWindow(playlist, 13, 3);
  expect(window).toContain(`${own}\n#EXTINF:4,\nb.ts\n#EXTINF:4,\nc.ts\n`);
  expect(window).toContain("#EXT-X-DISCONTINUITY\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\na.ts\n");
});

test("a window that begins later has every key there is, and the initialisation section's before it", () => {
  const other = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="d",KEYFORMAT="other"';
  const own = key(",IV=0x01");
  const map = '#EXT-X-MAP:URI="i.mp4"';
  const window = (head: string) =>
    liveWindow(read(`#EXTM3U\n${head}\n#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n`), 5, 1);
  expect(window(`${own}\n${other}`)).toContain(`${own}\n${other}\n#EXTINF:4,\nb.ts`);
  expect(window(`${own}\n${map}`)).toContain(`${own}\n${map}\n#EXTINF:4,\nb.ts`);
  expect(window(`${map}\n${own}`)).toContain(`${map}\n${own}\n#EXTINF:4,\nb.ts`);
  const ended = window(`${own}\n${map}\n#EXT-X-KEY:METHOD=NONE`);
  expect(ended).toContain(`${own}\n${map}\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\nb.ts`);
});

test("a range that follows the one before says where it starts when that one has left", () => {
  const range = (text: string) => `#EXTINF:4,\n#EXT-X-BYTERANGE:${text}\na.ts\n`;
  const playlist = read(`#EXTM3U\n${range("100@50")}${range("20")}${range("30")}`);
  expect(liveWindow(playlist, 9, 1)).toContain("#EXT-X-BYTERANGE:30@170\na.ts");
  expect(liveWindow(playlist, 5, 1)).toContain("#EXT-X-BYTERANGE:20@150\na.ts");
});

test("discontinuities within the title are counted when they leave, and none is named twice", () => {
  const cut = "#EXT-X-DISCONTINUITY\n";
  const segments = ["", "", cut, ""].map((tag, at) => `${tag}#EXTINF:4,\n${at}.ts\n`).join("");
  const left = (playlist: ReturnType<typeof read>, first: number) =>
    Number(/DISCONTINUITY-SEQUENCE:(\d+)/.exec(liveWindow(playlist, 4 * first, 1))?.[1]);
  const plain = read(`#EXTM3U\n${segments}`);
  expect([0, 1, 2, 3, 4, 5, 7, 9].map((at) => left(plain, at))).toEqual([0, 0, 0, 1, 1, 2, 3, 4]);
  const opened = read(`#EXTM3U\n${cut}${segments}`);
  expect([0, 1, 2, 3, 4, 5, 7, 9].map((at) => left(opened, at))).toEqual([0, 1, 1, 2, 2, 3, 4, 5]);
  expect(liveWindow(opened, 16, 2).match(/DISCONTINUITY$/gm)).toHaveLength(1);
});
