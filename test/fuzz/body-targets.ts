/** JSON bodies of the coordinator's API and of the household's page, sent to the real servers. */

import { seal } from "../../agent/accounting/envelope.ts";
import { createCoordinator } from "../../agent/coordinator/coordinator.ts";
import { toBase64Url } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import { consentText } from "../../agent/status/consent-text.ts";
import { examples, keys } from "../protocol/examples.ts";
import { StatusFixture } from "../status/status-fixture.ts";
import type { Fuzzed } from "./fuzz.ts";

export interface BodyServers extends AsyncDisposable {
  readonly targets: readonly Fuzzed<string>[];
}

const TOKEN = "operator's secret";
const signed = (type: keyof typeof examples) => {
  const { body, signer } = examples[type];
  return toBase64Url(seal(type, body as never, signer, "dev").bytes);
};

/** Path, method and bodies that are right at least in form. */
const coordinatorBodies: readonly (readonly [string, string, ...object[]])[] = [
  ["POST", "/v1/titles", { manifest: signed("manifest"), split: [signed("split")] }],
  ["POST", `/v1/titles/${"ab".repeat(32)}/split`, { split: [signed("split")], approvals: [] }],
  ["POST", "/v1/tickets", { request: signed("ticket-request") }],
  ["POST", "/v1/plays", { play: signed("play") }],
  ["POST", "/v1/wallet", { request: signed("wallet-request"), from: 3 }],
  ["POST", "/v1/appeals", { request: signed("wallet-request"), text: "why?" }],
  ["POST", "/v1/fleet/appeals/1", { decision: "no", release: false }],
  ["POST", "/v1/fleet/takedowns", { title: "ab".repeat(32), reason: "an order" }],
];
const pageBodies: readonly (readonly [string, string, ...object[]])[] = [
  ["POST", "/api/v1/pause", { seconds: 60 }, {}],
  [
    "PUT",
    "/api/v1/limits",
    { share: 50, allowMetered: false, quietHours: [{ from: 60, to: 120 }] },
  ],
  ["POST", "/api/v1/consent", { given: true, language: "en", text: consentText("en").hash }],
  ["POST", "/api/v1/consent", { given: false, language: "de", text: "another" }],
];

/** Starts both; every answer is to be one of ours, and none a fault. */
export async function startBodyServers(): Promise<BodyServers> {
  const random = seededRandom(17);
  const stop = new AbortController();
  const coordinator = createCoordinator({
    signer: keys.coordinator,
    environment: "dev",
    fleet: "test",
    database: ":memory:",
    listen: { host: "127.0.0.1", port: 0 },
    behindProxy: true,
    mqtt: { url: "mqtt://127.0.0.1:1" },
    origin: { store: emptyOrigin, addresses: ["http://127.0.0.1:9"] },
    reflectors: [],
    epoch: milliseconds(3_600_000),
    operatorToken: TOKEN,
    clock: systemClock,
    random,
    log: silentLog,
  });
  const running = coordinator.parts[0]?.run(stop.signal);
  const page = await new StatusFixture().start();
  const target = (
    base: string,
    token: string,
    [method, path, ...bodies]: readonly [string, string, ...object[]],
  ): Fuzzed<string> => ({
    name: `${method} ${path.replaceAll(/[0-9a-f]{32,}/g, "…")}`,
    seeds: bodies.map((body) => JSON.stringify(body)),
    async run(text) {
      const from = Array.from({ length: 4 }, () => 1 + Math.floor(random.unit() * 222)).join(".");
      const response = await fetch(`${base}${path}`, {
        method,
        body: text,
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          "x-forwarded-for": from,
        },
      });
      const answer = await response.text();
      if (response.status >= 500) throw new Error(`${response.status}: ${answer.slice(0, 200)}`);
      const code = response.ok ? "ok" : JSON.parse(answer).error?.code;
      return `${response.status} ${code}`;
    },
  });
  return {
    targets: [
      ...coordinatorBodies.map((body) => target(coordinator.url, TOKEN, body)),
      ...pageBodies.map((body) => target(page.url.replace(/\/$/, ""), page.token, body)),
    ],
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await coordinator[Symbol.asyncDispose]();
      await page[Symbol.asyncDispose]();
    },
  };
}

/** Takes whatever title; nothing of it is kept. */
const emptyOrigin: Parameters<typeof createCoordinator>[0]["origin"]["store"] = {
  addManifest: async () => "added",
  putChunk: async () => "unknown-title",
  complete: () => false,
  missing: () => [],
  refuse: async () => {},
};
