import { expect, test } from "bun:test";
import { connect } from "node:net";
import { Hono } from "hono";
import { silentLog } from "../../core/log.ts";
import type { ApiEnv } from "./request.ts";
import { createApiServer } from "./server.ts";

/** An API that tells whom it takes the client for, and what it was sent. */
function open(behindProxy: boolean) {
  const app = new Hono<ApiEnv>();
  app.get("/v1/address", (c) => c.text(c.env.address));
  app.post("/v1/body", async (c) => c.text(`got ${await c.req.text()}`));
  return createApiServer({ app, host: "127.0.0.1", port: 0, behindProxy, log: silentLog });
}

async function spoken(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(request));
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part);
  return Buffer.concat(parts).toString("latin1");
}

test("behind a proxy a client is who the proxy says last, elsewhere who connects", async () => {
  const headers = { "x-forwarded-for": "198.51.100.9, 203.0.113.7" };
  for (const [behindProxy, address] of [
    [true, "203.0.113.7"],
    [false, "127.0.0.1"],
  ] as const) {
    await using server = open(behindProxy);
    expect(await (await fetch(`${server.url}/v1/address`, { headers })).text()).toBe(address);
  }
});

test("what the proxy says is only taken where it is an address", async () => {
  await using server = open(true);
  const said = async (client: string) => {
    const headers = { "x-forwarded-for": client };
    return (await fetch(`${server.url}/v1/address`, { headers })).text();
  };
  expect(await said("2001:db8::7")).toBe("2001:db8::7");
  for (const rubbish of ["", "unknown", "203.0.113.7, ", "203.0.113.7:80", "x".repeat(4000)])
    expect(await said(rubbish)).toBe("127.0.0.1");
});

test("HTTP/1.0 without a host is answered, as health checks of proxies speak it", async () => {
  await using server = open(false);
  const asked = await spoken(server.url, "GET /v1/address?x=1 HTTP/1.0\r\n\r\n");
  expect(asked).toStartWith("HTTP/1.1 200");
  expect(asked).toEndWith("127.0.0.1");
  const sent = "POST /v1/body HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi";
  expect(await spoken(server.url, sent)).toEndWith("got hi");
});
