import { expect, test } from "bun:test";
import { join } from "node:path";
import { sampleTitle, titleOf } from "../../agent/content/sample-title.ts";
import { sha256 } from "../../agent/core/encoding.ts";
import { exitCode, OperatorError } from "../../agent/core/errors.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import { loadTitle, playFrom, titlesFolder } from "./gateway-fixture.ts";

const MIB = 1024 * 1024;
const film = sampleTitle([
  ["film.mp4", 5 * MIB + 123],
  ["empty", 0],
]);

test("whole files, ranges, HEAD, validators: what an HTTP client may expect", async () => {
  await using played = await playFrom(film, [{}, {}]);
  const content = film.content[0] as Uint8Array<ArrayBuffer>;
  const whole = await fetch(`${played.url}/film.mp4`);
  expect(whole.status).toBe(200);
  expect(whole.headers.get("content-type")).toBe("video/mp4");
  expect(whole.headers.get("accept-ranges")).toBe("bytes");
  expect(sha256(await whole.bytes())).toBe(sha256(content));
  const etag = whole.headers.get("etag") ?? "";

  const head = await fetch(`${played.url}/film.mp4`, { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe(String(content.length));
  expect(head.headers.get("etag")).toBe(etag);

  const get = (headers: Record<string, string>) => fetch(`${played.url}/film.mp4`, { headers });
  const part = await get({ range: `bytes=${MIB - 5}-${2 * MIB + 5}` });
  expect(part.status).toBe(206);
  expect(part.headers.get("content-range")).toBe(
    `bytes ${MIB - 5}-${2 * MIB + 5}/${content.length}`,
  );
  expect(sha256(await part.bytes())).toBe(sha256(content.slice(MIB - 5, 2 * MIB + 6)));

  expect((await get({ range: "bytes=-10" })).status).toBe(206);
  const beyond = await get({ range: `bytes=${content.length}-` });
  expect(beyond.status).toBe(416);
  expect(beyond.headers.get("content-range")).toBe(`bytes */${content.length}`);
  expect((await get({ "if-none-match": etag })).status).toBe(304);
  expect((await get({ range: "bytes=0-9", "if-range": etag })).status).toBe(206);
  expect((await get({ range: "bytes=0-9", "if-range": '"old"' })).status).toBe(200);
  // RFC 9110 §13.1.5 and §14.2: a weak tag never lets a range through, and HEAD has none.
  expect((await get({ range: "bytes=0-9", "if-range": `W/${etag}` })).status).toBe(200);
  expect((await get({ "if-none-match": `"old", W/${etag}` })).status).toBe(304);
  expect((await get({ "if-match": '"old"' })).status).toBe(412);
  const headPart = { method: "HEAD", headers: { range: "bytes=0-9" } };
  expect((await fetch(`${played.url}/film.mp4`, headPart)).status).toBe(200);
  const empty = await fetch(`${played.url}/empty`);
  expect([empty.status, await empty.text()]).toEqual([200, ""]);
});

test("unknown titles and files are 404, other methods 405", async () => {
  await using played = await playFrom(film, [{}]);
  expect((await fetch(`${played.gateway.url}/nothing/x`)).status).toBe(404);
  expect((await fetch(`${played.url}/nothing`)).status).toBe(404);
  expect((await fetch(`${played.url}/film.mp4`, { method: "POST", body: "x" })).status).toBe(405);
});

/** What a socket gets for bytes that no HTTP client of ours would send. */
async function spoken(url: string, request: string): Promise<{ head: string; body: Buffer }> {
  const parts: Buffer[] = [];
  const over = Promise.withResolvers<void>();
  await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(new URL(url).port),
    socket: {
      open: (socket) => void socket.write(Buffer.from(request, "latin1")),
      data: (_, part) => void parts.push(Buffer.from(part)),
      close: () => over.resolve(),
    },
  });
  await over.promise;
  const all = Buffer.concat(parts);
  const end = all.indexOf("\r\n\r\n");
  return { head: all.subarray(0, end).toString("latin1"), body: all.subarray(end + 4) };
}

test("HTTP/1.0 without a host gets the whole file with its length, and no chunks", async () => {
  await using played = await playFrom(film, [{}]);
  const { pathname } = new URL(`${played.url}/film.mp4`);
  const whole = await spoken(played.url, `GET ${pathname} HTTP/1.0\r\n\r\n`);
  expect(whole.head).toStartWith("HTTP/1.1 200");
  expect(whole.head.toLowerCase()).toContain(`content-length: ${film.content[0]?.length}`);
  expect(whole.head.toLowerCase()).not.toContain("transfer-encoding");
  expect(sha256(whole.body)).toBe(sha256(film.content[0] as Uint8Array));
  const part = await spoken(played.url, `GET ${pathname} HTTP/1.0\r\nRange: bytes=-9\r\n\r\n`);
  expect(part.head).toStartWith("HTTP/1.1 206");
  expect(part.body).toHaveLength(9);
  const none = await spoken(played.url, `GET ${pathname}x HTTP/1.0\r\n\r\n`);
  expect(none.head.toLowerCase()).toContain(`content-length: ${none.body.length}`);
});

test("a whole film has its length while it is streamed", async () => {
  await using played = await playFrom(film, [{}]);
  for (const headers of [{}, { range: "bytes=0-" }]) {
    const response = await fetch(`${played.url}/film.mp4`, { headers });
    expect(response.headers.get("content-length")).toBe(String(film.content[0]?.length));
    await response.body?.cancel();
  }
});

test("names beyond ASCII are found however they are written, and what is no HTTP is 400", async () => {
  const song = titleOf([["Für Élise/🎵 1 & 2 #%.mp3", Buffer.from("music")]]);
  await using played = await playFrom(song, [{}]);
  const name = "Für Élise/🎵 1 & 2 #%.mp3";
  const escaped = name.split("/").map(encodeURIComponent);
  for (const path of [escaped.join("/"), escaped.join("%2F")])
    expect(await (await fetch(`${played.url}/${path}`)).text()).toBe("music");
  const { pathname } = new URL(played.url);
  const raw = Buffer.from("/Für", "utf8").toString("latin1");
  const led = await spoken(played.url, `GET ${pathname}${raw} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  expect(led.head).toStartWith("HTTP/1.1 307");
  expect(led.head).toContain(`Location: ${pathname}/F%C3%BCr`);
  for (const nonsense of ["GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x00hello\r\n\r\n"])
    expect((await spoken(played.url, nonsense)).head).toMatch(/^HTTP\/1\.1 (400|505)/);
});

test("a page in a title runs nothing where it is shown", async () => {
  const site = titleOf([["index.html", Buffer.from("<script>fetch('/')</script>")]]);
  await using played = await playFrom(site, [{}]);
  const { headers } = await fetch(`${played.url}/index.html`);
  expect(headers.get("content-security-policy")).toBe("sandbox");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
});

test("a slash too many in front leads to the same file", async () => {
  await using played = await playFrom(film, [{}]);
  const { origin, pathname } = new URL(`${played.url}/film.mp4`);
  const response = await fetch(`${origin}/${pathname}`, { headers: { range: "bytes=0-3" } });
  expect(response.status).toBe(206);
});

test("what is no HTTP is told so, but never in the middle of a film", async () => {
  await using played = await playFrom(film, [{}]);
  const { pathname } = new URL(`${played.url}/film.mp4`);
  const many = `X: ${"x".repeat(100_000)}\r\n`;
  expect((await spoken(played.url, `GET ${pathname} HTTP/1.1\r\n${many}\r\n`)).head).toStartWith(
    "HTTP/1.1 431",
  );
  const broken = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n";
  const cut = await spoken(played.url, `GET ${pathname} HTTP/1.1\r\nHost: localhost\r\n${broken}`);
  expect(`${cut.head}${cut.body.toString("latin1")}`).not.toContain("HTTP/1.1 400");
});

test("only local names and local pages are answered", async () => {
  await using played = await playFrom(film, [{}]);
  const get = (headers: Record<string, string>) => fetch(`${played.url}/empty`, { headers });
  expect((await get({ host: "evil.example" })).status).toBe(403);
  expect((await get({ origin: "https://evil.example" })).status).toBe(403);
  expect((await get({ "sec-fetch-site": "cross-site" })).status).toBe(403);
  const local = await get({ origin: "http://localhost:8080" });
  expect(local.headers.get("access-control-allow-origin")).toBe("http://localhost:8080");
});

test("a local page may ask first whether its player may send Range, a foreign one may not", async () => {
  await using played = await playFrom(film, [{}]);
  const ask = (origin: string) =>
    fetch(`${played.url}/film.mp4`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-headers": "range" },
    });
  const local = await ask("http://127.0.0.1:8080");
  expect(local.status).toBe(204);
  expect(local.headers.get("access-control-allow-origin")).toBe("http://127.0.0.1:8080");
  expect(local.headers.get("access-control-allow-headers")).toContain("range");
  expect((await ask("https://evil.example")).status).toBe(403);
});

test("a title's name alone leads to what a player opens", async () => {
  const meadow = await loadTitle(join(titlesFolder, "meadow"));
  await using played = await playFrom(meadow, [{}]);
  const response = await fetch(`${played.url}/`, { redirect: "manual" });
  expect(response.status).toBe(302);
  expect(response.headers.get("location")).toBe("/meadow/master.m3u8");
  const live = await fetch(`${played.url}?live`, { redirect: "manual" });
  expect(live.headers.get("location")).toBe("/meadow/master.m3u8?live");
});

test("a live channel slides: numbered, without an end, and its segments are the title's", async () => {
  const meadow = await loadTitle(join(titlesFolder, "meadow"));
  await using played = await playFrom(meadow, [{}]);
  const master = await (await fetch(`${played.url}/master.m3u8?live`)).text();
  expect(master).toContain("index.m3u8?live");
  const live = await (await fetch(`${played.url}/index.m3u8?live`)).text();
  expect(live).toContain("#EXT-X-MEDIA-SEQUENCE:0");
  expect(live).not.toContain("#EXT-X-ENDLIST");
  const segment = live.split("\n").find((line) => line.endsWith(".ts"));
  expect((await fetch(`${played.url}/${segment}`)).status).toBe(200);
});

test.each([
  ["with segments of no length", "#EXTM3U\n#EXTINF:0,\na.ts\n#EXT-X-ENDLIST\n", 422],
  ["with segments of negative length", "#EXTM3U\n#EXTINF:-4,\na.ts\n", 422],
  ["that names nothing", "#EXTM3U\n", 200],
  ["that is none", "<html></html>", 200],
])("as a live channel, a playlist %s is no fault of the gateway", async (_what, list, status) => {
  const title = titleOf([
    ["list.m3u8", Buffer.from(list)],
    ["a.ts", Buffer.from("a")],
  ]);
  await using played = await playFrom(title, [{}]);
  const response = await fetch(`${played.url}/list.m3u8?live`);
  expect(response.status).toBe(status);
  if (status !== 200) expect(await response.text()).toContain("no playing time");
});

/** The system's clock, on which an hour passes when asked: what was downloaded has been played. */
function skippingClock() {
  let skipped = 0;
  const monotonicMs = () => milliseconds(systemClock.monotonicMs() + skipped);
  return { clock: { ...systemClock, monotonicMs }, skipHour: () => (skipped += 3_600_000) };
}

test("a play is told once, with the time that reached the player", async () => {
  const meadow = await loadTitle(join(titlesFolder, "meadow"));
  const { clock, skipHour } = skippingClock();
  const played = await playFrom(meadow, [{}, {}], { clock });
  try {
    await fetch(`${played.url}/index.m3u8`);
    for (let segment = 0; segment < 20; segment++)
      await (await fetch(`${played.url}/segment-${String(segment).padStart(3, "0")}.ts`)).bytes();
    await (await fetch(`${played.url}/segment-000.ts`)).bytes();
  } finally {
    skipHour();
    await played[Symbol.asyncDispose]();
  }
  expect(played.plays).toHaveLength(1);
  expect(played.plays[0]?.played).toBe(80_000 as never);
});

test("each track of an album is a play of its own", async () => {
  const album = await loadTitle(join(titlesFolder, "three-tones"));
  const { clock, skipHour } = skippingClock();
  const played = await playFrom(album, [{}], { clock });
  try {
    await (await fetch(`${played.url}/01-morning-a.mp3`)).bytes();
    await (await fetch(`${played.url}/02-noon-c-sharp.mp3`)).bytes();
    await (await fetch(`${played.url}/cover.jpg`)).bytes();
  } finally {
    skipHour();
    await played[Symbol.asyncDispose]();
  }
  expect(played.plays.map((play) => Math.round(play.played / 1000))).toEqual([15, 15]);
});

test("a reader that is slow is not fetched for without bound", async () => {
  const long = sampleTitle([["long.mp4", 48 * MIB]]);
  await using played = await playFrom(long, [{}, {}], { memory: 4 * MIB });
  const response = await fetch(`${played.url}/long.mp4`);
  const reader = response.body?.getReader();
  await reader?.read();
  await Bun.sleep(700);
  const sent = played.boxes.reduce((sum, box) => sum + box.sentBytes, 0);
  expect(sent).toBeLessThan(24 * MIB);
  await reader?.cancel();
});

test("without a coordinator the player gets 503 with the reason", async () => {
  const down = () =>
    Promise.reject(new OperatorError(exitCode.unavailable, "The coordinator does not answer."));
  await using played = await playFrom(film, [{}], {
    coordinator: { title: down, tickets: down, play: down },
  });
  const response = await fetch(`${played.url}/film.mp4`);
  expect([response.status, await response.text()]).toEqual([
    503,
    "The coordinator does not answer.\n",
  ]);
});

test("when no box has the title the player gets 504 with a reason", async () => {
  await using played = await playFrom(film, [{ files: new Set() }], {
    patience: milliseconds(300),
  });
  const response = await fetch(`${played.url}/film.mp4`);
  expect(response.status).toBe(504);
  expect(response.headers.get("retry-after")).toBe("5");
});
