/**
 * The coordinator's HTTP API (docs/architecture.md). Everything from outside is bounded and checked
 * here; what a signed message may do is decided by the offices behind.
 */
import { Hono } from "hono";
import { MAX_SUCCESSIONS } from "../../accounting/succession.ts";
import { toBase64Url } from "../../core/encoding.ts";
import { reasonOf } from "../../core/errors.ts";
import { toUnixSeconds } from "../../core/units.ts";
import { clientOf } from "../network.ts";
import type { PriceList } from "../price-list.ts";
import { TokenBuckets } from "../token-bucket.ts";
import { addMoneyRoutes } from "./money-routes.ts";
import { addOperatorRoutes } from "./operator-routes.ts";
import type { ApiOptions } from "./options.ts";
import { type ApiEnv, answerError, CHUNK_BODY } from "./request.ts";
import { addTitleRoutes } from "./title-routes.ts";

/** What one network may ask for; a household's many devices fit in easily. */
const REQUESTS = { burst: 200, perSecond: 20 };
/** Uploads of chunks count their bytes instead, and never less than these: each costs a look. */
const UPLOAD_BYTES = { burst: 256 * 1024 * 1024, perSecond: 128 * 1024 * 1024 };
const LEAST_UPLOAD = 64 * 1024;

/** Lists that are told; older ones than the newest hundred have no tickets that could settle. */
const MOST_PRICES = 100;

const told = (list: PriceList) => ({
  id: list.id,
  householdPerMebibyte: `${list.householdPerMebibyte}`,
  creatorsPerPlay: `${list.creatorsPerPlay}`,
  platformFee: list.platformFee,
});

export function createApi(options: ApiOptions): Hono<ApiEnv> {
  const { clock, log } = options;
  const app = new Hono<ApiEnv>();
  const requests = new TokenBuckets(REQUESTS);
  const uploads = new TokenBuckets(UPLOAD_BYTES);

  app.use(async (c, next) => {
    const now = clock.monotonicMs();
    const client = clientOf(c.env.address);
    // Without an announced length it counts as the largest.
    const size = Number(c.req.header("content-length") ?? CHUNK_BODY);
    const granted =
      c.req.method === "PUT"
        ? uploads.take(client, now, Math.max(LEAST_UPLOAD, size))
        : requests.take(client, now);
    return granted ? next() : answerError("throttled");
  });
  app.onError((fault, c) => {
    log.error("request failed", { path: c.req.path, reason: reasonOf(fault) });
    const text = "The coordinator could not do this; its log says why.";
    return c.json({ error: { code: "internal", text } }, 500);
  });
  app.notFound((c) =>
    c.json({ error: { code: "no-such-path", text: `There is nothing at ${c.req.path}.` } }, 404),
  );

  app.get("/v1/info", (c) =>
    c.json({
      environment: options.environment,
      publicKey: options.publicKey,
      fleet: options.fleet,
      successions: options.store.published
        .successions(2 * MAX_SUCCESSIONS)
        .map((signed) => toBase64Url(signed)),
      priceList: told(options.prices),
      priceLists: options.allPrices.slice(-MOST_PRICES).map(told),
      reflectors: options.reflectors,
      origin: options.originUrl,
      ...(options.mqttUrl && { mqtt: options.mqttUrl }),
      now: toUnixSeconds(clock.wallMs()),
    }),
  );
  addTitleRoutes(app, options);
  addMoneyRoutes(app, options);
  addOperatorRoutes(app, options);
  return app;
}
