import { afterAll, describe, expect, test } from "bun:test";
import type { PublicKey } from "../core/encoding.ts";
import { answersAs, probeOverHttp } from "./reach-probe.ts";

const BOX = "a".repeat(64) as PublicKey;
const answers: Readonly<Record<string, () => Response>> = {
  "the-box": () => Response.json({ box: BOX, sharing: false }),
  "another-box": () => Response.json({ box: "b".repeat(64), sharing: true }),
  "a-routers-page": () => new Response("<html>login</html>"),
  "an-error": () => Response.json({ box: BOX }, { status: 500 }),
  "a-redirect": () => new Response("", { status: 302, headers: { location: "http://127.0.0.1" } }),
  "a-flood": () => new Response(JSON.stringify({ box: BOX, more: "x".repeat(100_000) })),
};
const asked: string[] = [];
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    return (answers[request.headers.get("host") ?? ""] ?? (() => new Response("")))();
  },
});
afterAll(() => server.stop(true));

const ask = (host: string) =>
  answersAs(BOX, server.url, host, undefined, AbortSignal.timeout(5000)).catch(() => false);

describe("an address leads to the box", () => {
  test("when the box itself answers there, under the name it announced", async () => {
    expect(await ask("the-box")).toBe(true);
    expect(new Set(asked)).toEqual(new Set(["/v1/box"]));
  });

  test.each(["another-box", "a-routers-page", "an-error", "a-redirect", "a-flood"])(
    "and not when %s does",
    async (host) => {
      expect(await ask(host)).toBe(false);
    },
  );
});

test.each([
  () => server.url.href,
  () => `http://localhost:${server.port}`,
  () => "http://192.168.1.1",
  () => "http://[::1]:80",
  () => "http://100.64.0.1",
  () => "nonsense",
])("what is not public is never asked (%#)", async (url) => {
  const before = asked.length;
  const target = { box: BOX, url: url(), tlsKey: undefined };
  expect(await probeOverHttp(target, AbortSignal.timeout(2000))).toBe(false);
  expect(asked.length).toBe(before);
});
