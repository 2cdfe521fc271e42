import { afterAll, beforeAll, expect, test } from "bun:test";
import { seal } from "../accounting/envelope.ts";
import type { Sealed } from "../accounting/messages.ts";
import { CoordinatorClient } from "../content/coordinator-client.ts";
import { type Hash, type Id, sha256, toBase64Url, toHex } from "../core/encoding.ts";
import { silentLog } from "../core/log.ts";
import { seededRandom } from "../core/random.ts";
import { systemClock } from "../core/system-clock.ts";
import { bytes, mebibytes, milliseconds, toUnixSeconds } from "../core/units.ts";
import { createCoordinator } from "./coordinator.ts";
import { makeSplit, newSigner } from "./coordinator-testing.ts";
import { defaultPriceList } from "./price-list.ts";
import type { OriginStore } from "./titles.ts";

const random = seededRandom(7);
const signer = newSigner(random);
const creator = newSigner(random);
const viewer = newSigner(random);
const chunk = new Uint8Array(70_000).fill(9);

/** An origin in memory: hashes are checked, nothing is written. */
function memoryOrigin(): OriginStore {
  const titles = new Map<Hash, { wanted: Set<Hash>; held: Set<Hash> }>();
  return {
    async addManifest({ hash, body }: Sealed<"manifest">) {
      if (titles.has(hash)) return "known";
      titles.set(hash, { wanted: new Set(body.files.flatMap((f) => f.chunks)), held: new Set() });
      return "added";
    },
    async putChunk(title, hash, data) {
      const known = titles.get(title);
      if (!known) return "unknown-title";
      if (!known.wanted.has(hash)) return "not-in-manifest";
      if (sha256(data) !== hash) return "wrong-hash";
      known.held.add(hash);
      return "stored";
    },
    complete: (title) => titles.get(title)?.held.size === titles.get(title)?.wanted.size,
    missing: (title) => [...(titles.get(title)?.wanted ?? [])],
    async refuse(title) {
      titles.delete(title);
    },
  };
}

const coordinator = createCoordinator({
  signer,
  environment: "dev",
  fleet: "test",
  database: ":memory:",
  listen: { host: "127.0.0.1", port: 0 },
  mqtt: { url: "mqtt://127.0.0.1:1" },
  origin: { store: memoryOrigin(), addresses: ["http://127.0.0.1:9"] },
  reflectors: ["127.0.0.1:7402"],
  epoch: milliseconds(3_600_000),
  operatorToken: "operator's secret",
  clock: systemClock,
  random,
  log: silentLog,
});
const { url } = coordinator;

const stop = new AbortController();
let stopped: Promise<unknown>;
beforeAll(() => {
  const server = coordinator.parts.filter(({ name }) => name === "coordinator-api");
  stopped = Promise.all(server.map((part) => part.run(stop.signal)));
});
afterAll(async () => {
  stop.abort();
  await stopped;
  await coordinator[Symbol.asyncDispose]();
});

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url + path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
const now = () => toUnixSeconds(systemClock.wallMs());
const id = () => toHex(random.bytes(16)) as Id;

function makeTitle() {
  const split = makeSplit([creator]);
  const manifest = seal(
    "manifest",
    {
      creator: creator.publicKey,
      slug: "night-drive",
      name: "Night Drive",
      kind: "music",
      delivery: "receipted",
      chunkSize: bytes(131_072),
      files: [
        { path: "a.mp3", size: bytes(70_000), mediaType: "audio/mpeg", chunks: [sha256(chunk)] },
      ],
      split: split.id,
      createdAt: now(),
    },
    creator,
    "dev",
  );
  const body = {
    manifest: toBase64Url(manifest.bytes),
    split: split.signed.map((signed) => toBase64Url(signed.bytes)),
  };
  return { title: manifest.hash, body, split: split.id };
}

const { title, body: publication, split: splitOfTitle } = makeTitle();

const ticketRequest = (nonce = id(), at = now()) => {
  const body = { viewer: viewer.publicKey, title, boxes: 4, avoid: [], nonce, at };
  return { request: toBase64Url(seal("ticket-request", body, viewer, "dev").bytes) };
};

test("info names the key, the fleet and the prices", async () => {
  const info = await (await fetch(`${url}/v1/info`)).json();
  expect(info).toMatchObject({
    environment: "dev",
    publicKey: signer.publicKey,
    fleet: "test",
    priceList: { id: 1, householdPerMebibyte: "1000" },
  });
});

test("the client reads the prices that info tells, which exports are checked by", async () => {
  const { prices } = await new CoordinatorClient({ url, environment: "dev" }).info();
  expect(prices).toEqual([defaultPriceList]);
});

test("what the parties of a split signed is told to whoever names it", async () => {
  const client = new CoordinatorClient({ url, environment: "dev" });
  await post("/v1/titles", publication);
  const signed = await client.split(splitOfTitle);
  expect(signed.map((bytes) => toBase64Url(bytes))).toEqual(publication.split);
  expect(await client.split("0".repeat(64) as Hash)).toEqual([]);
  expect((await fetch(`${url}/v1/splits/none`)).status).toBe(404);
});

test("a title is published, uploaded and then has tickets", async () => {
  const published = await post("/v1/titles", publication);
  expect(published.status).toBe(201);
  expect(await published.json()).toEqual({ title });
  expect((await post("/v1/titles", publication)).status).toBe(201);
  expect((await post("/v1/tickets", ticketRequest())).status).toBe(404);

  const put = (hash: string, data: Uint8Array<ArrayBuffer>) =>
    fetch(`${url}/v1/titles/${title}/chunks/${hash}`, { method: "PUT", body: data });
  expect((await put(sha256(new Uint8Array(1)), new Uint8Array(1))).status).toBe(409);
  expect((await put(sha256(chunk), new Uint8Array(1))).status).toBe(422);
  expect((await put(sha256(chunk), chunk)).status).toBe(204);

  const shown = await (await fetch(`${url}/v1/titles/night-drive`)).json();
  expect(shown).toMatchObject({ title, complete: true, manifest: publication.manifest });
  const granted = await (await post("/v1/tickets", ticketRequest())).json();
  expect(granted).toMatchObject({ tickets: [], origin: { addresses: ["http://127.0.0.1:9"] } });
});

test("a ticket request counts once, and only when it is fresh", async () => {
  const request = ticketRequest();
  expect((await post("/v1/tickets", request)).status).toBe(200);
  const again = await post("/v1/tickets", request);
  expect(again.status).toBe(409);
  expect(await again.json()).toMatchObject({ error: { code: "replayed" } });
  const stale = await post(
    "/v1/tickets",
    ticketRequest(id(), (now() - 3_600) as ReturnType<typeof now>),
  );
  expect(await stale.json()).toMatchObject({ error: { code: "stale" } });
});

test("bodies that are too large, no JSON or of another shape are refused with a code", async () => {
  const large = await post("/v1/tickets", { request: "A".repeat(100_000) });
  expect(large.status).toBe(413);
  const garbage = await fetch(`${url}/v1/plays`, { method: "POST", body: "{" });
  expect(garbage.status).toBe(400);
  const extra = await post("/v1/plays", { play: "AA", more: 1 });
  expect(await extra.json()).toMatchObject({ error: { code: "malformed" } });
  const forged = await post("/v1/wallet", { request: toBase64Url(new Uint8Array(100)) });
  expect(await forged.json()).toMatchObject({ error: { code: "malformed" } });
});

test("the fleet is shown to the operator alone", async () => {
  expect((await fetch(`${url}/v1/fleet`)).status).toBe(401);
  const headers = { authorization: "Bearer operator's secret" };
  const answer = await fetch(`${url}/v1/fleet`, { headers });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ boxes: [], count: 0, ledgerLines: 0 });
});

test("a wallet is answered to its own key, once for each request", async () => {
  const body = { wallet: viewer.publicKey, nonce: id(), at: now() };
  const request = toBase64Url(seal("wallet-request", body, viewer, "dev").bytes);
  const answer = await post("/v1/wallet", { request });
  expect(await answer.json()).toMatchObject({
    wallet: viewer.publicKey,
    balances: { household: "0", creator: "0" },
    lines: [],
  });
  expect((await post("/v1/wallet", { request })).status).toBe(409);
});

test("a title that was taken down has neither page nor tickets", async () => {
  const headers = { authorization: "Bearer operator's secret" };
  const takedown = await post("/v1/fleet/takedowns", { title, reason: "court order" }, headers);
  expect(takedown.status).toBe(200);
  expect((await fetch(`${url}/v1/titles/${title}`)).status).toBe(410);
  expect((await post("/v1/tickets", ticketRequest())).status).toBe(410);
  expect((await post("/v1/titles", publication)).status).toBe(410);
  const list = await fetch(`${url}/v1/fleet/takedowns`, { headers });
  expect(await list.json()).toEqual({
    takedowns: [{ title, reason: "court order", at: expect.any(Number) }],
  });
});

test("chunk uploads larger than a chunk are cut off", async () => {
  const data = new Uint8Array(mebibytes(5));
  const answer = await fetch(`${url}/v1/titles/${title}/chunks/${sha256(data)}`, {
    method: "PUT",
    body: data,
  });
  expect(answer.status).toBe(413);
});

test("uploads that do not announce their length are counted as the largest", async () => {
  const upload = async () => {
    const body = new ReadableStream({
      async pull(controller) {
        controller.enqueue(new Uint8Array(1));
        await new Promise(setImmediate);
        controller.close();
      },
    });
    const path = `${url}/v1/titles/${title}/chunks/${title}`;
    return (await fetch(path, { method: "PUT", body })).status;
  };
  const statuses = await Promise.all(Array.from({ length: 300 }, upload));
  expect(statuses).toContain(429);
});
