/** The HTTP of a box, over real sockets: status codes, ranges and validators. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../agent/core/system-clock.ts";
import { MIB, range, rawAnswer, SIZE } from "./answers.ts";
import { PeerFixture, title } from "./peer-fixture.ts";

describe("an open title", () => {
  let peer: PeerFixture;
  beforeAll(() => {
    peer = new PeerFixture({
      size: SIZE,
      clock: systemClock,
      delivery: "open",
      server: { metalink: (asked) => (asked === title ? "<metalink/>" : undefined) },
    });
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  test("comes whole, with its type, tag and length", async () => {
    const response = await fetch(peer.file);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("video/mp4");
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(response.headers.get("etag")).toMatch(/^"\w+"$/);
    // Bun would tell the name that the file has on flash, of some types.
    expect(response.headers.get("content-disposition")).toBe("inline");
    expect(Buffer.from(await response.arrayBuffer()).equals(peer.content)).toBe(true);
  });

  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=5-1048580", 5, 1048581],
    ["bytes=12582912-", 12582912, SIZE],
    ["bytes=-100", SIZE - 100, SIZE],
    ["bytes=0-9,5000000-5000009", 0, 10],
  ])("%s comes as 206 with exactly those bytes", async (header, start, end) => {
    const response = await fetch(peer.file, { headers: { range: header } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${SIZE}`);
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.equals(peer.content.subarray(start, end))).toBe(true);
  });

  test("HEAD tells the length and sends nothing, whatever Range says", async () => {
    const response = await fetch(peer.file, { method: "HEAD", headers: { range: "bytes=0-9" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(SIZE));
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });

  test("a range outside is 416 with the size", async () => {
    const response = await fetch(peer.file, { headers: { range: `bytes=${SIZE}-` } });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe(`bytes */${SIZE}`);
  });

  test.each(["bytes=9-2", "bytes =0-9", "bytes=0 - 9", "bytes=0-9, junk", "seconds=0-9"])(
    "the malformed range %s is ignored",
    async (range) => {
      const response = await fetch(peer.file, { headers: { range } });
      expect(response.status).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBe(SIZE);
    },
  );

  test("two Range headers are none, and the first is not taken alone", async () => {
    const ranges = "Range: bytes=0-9\r\nRange: junk\r\n";
    const request = `GET ${new URL(peer.file).pathname} HTTP/1.1\r\nHost: x\r\n${ranges}Connection: close\r\n\r\n`;
    expect(await rawAnswer(peer.file, request)).toStartWith("HTTP/1.1 200 ");
  });

  test("If-Range keeps the range only with the strong tag", async () => {
    const etag = (await fetch(peer.file, { method: "HEAD" })).headers.get("etag") ?? "";
    const ask = (ifRange: string) =>
      fetch(peer.file, { headers: { range: "bytes=0-9", "if-range": ifRange } });
    expect((await ask(etag)).status).toBe(206);
    for (const other of ['"other"', `W/${etag}`, "Sat, 01 Jan 2000 00:00:00 GMT"]) {
      const response = await ask(other);
      expect(response.status).toBe(200);
      expect((await response.arrayBuffer()).byteLength).toBe(SIZE);
    }
  });

  test("If-None-Match is 304, a wrong If-Match 412", async () => {
    const etag = (await fetch(peer.file, { method: "HEAD" })).headers.get("etag") ?? "";
    const known = await fetch(peer.file, { headers: { "if-none-match": `"x", W/${etag}` } });
    expect(known.status).toBe(304);
    const other = await fetch(peer.file, { headers: { "if-match": '"x"' } });
    expect(other.status).toBe(412);
  });

  test("other methods are 405 and name the right ones", async () => {
    for (const method of ["PUT", "DELETE", "POST", "PATCH", "OPTIONS"]) {
      const response = await fetch(peer.file, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD");
    }
  });

  test("has a Metalink; what is not held has none", async () => {
    const response = await fetch(`${peer.base}/v1/titles/${title}/metalink`);
    expect(response.headers.get("content-type")).toBe("application/metalink4+xml");
    expect(await response.text()).toBe("<metalink/>");
    const other = await fetch(`${peer.base}/v1/titles/${"ee".repeat(32)}/metalink`);
    expect(other.status).toBe(404);
  });

  test("the box tells its key to whoever checks its address", async () => {
    const self = await (await fetch(`${peer.base}/v1/box`)).json();
    expect(self).toEqual({ box: peer.box.publicKey, sharing: true });
  });

  test("it is no proxy: other paths, hosts and absolute URLs lead nowhere", async () => {
    for (const path of ["/", "/v1/", "/http://example.org/", "/v1/titles/../../etc/passwd"]) {
      const response = await fetch(peer.base + path, { headers: { host: "example.org" } });
      expect(response.status).toBe(404);
    }
  });
});

test("a file that is still being filled is served as far as it is held, and right", async () => {
  const size = 3 * MIB;
  const options = { size, clock: systemClock, delivery: "open", held: MIB } as const;
  await using peer = new PeerFixture(options);
  const ask = async (start: number) => {
    const response = await fetch(peer.file, { headers: { range: range(start, MIB) } });
    const body = Buffer.from(await response.arrayBuffer());
    return response.status === 206
      ? body.equals(peer.content.subarray(start, start + MIB))
      : response.status;
  };
  expect([await ask(0), await ask(2 * MIB)]).toEqual([true, 404]);
  peer.hold(size);
  expect([await ask(2 * MIB), await ask(MIB), await ask(0)]).toEqual([true, true, true]);
});
