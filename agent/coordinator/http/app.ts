/**
 * The coordinator's HTTP API (docs/architecture.md). Everything from outside is bounded and checked
 * here; what a signed message may do is decided by the offices behind.
 */
import { Hono } from "hono";
import { reasonOf } from "../../core/errors.ts";
import { toUnixSeconds } from "../../core/units.ts";
import { TokenBuckets } from "../token-bucket.ts";
import { addMoneyRoutes } from "./money-routes.ts";
import { addOperatorRoutes } from "./operator-routes.ts";
import type { ApiOptions } from "./options.ts";
import { type ApiEnv, answerError } from "./request.ts";
import { addTitleRoutes } from "./title-routes.ts";

/** What one client address may ask for; a household's many devices fit in easily. */
const REQUESTS = { burst: 200, perSecond: 20 };
/** Uploads of chunks count their bytes instead. */
const UPLOAD_BYTES = { burst: 256 * 1024 * 1024, perSecond: 128 * 1024 * 1024 };

export function createApi(options: ApiOptions): Hono<ApiEnv> {
  const { clock, log } = options;
  const app = new Hono<ApiEnv>();
  const requests = new TokenBuckets(REQUESTS);
  const uploads = new TokenBuckets(UPLOAD_BYTES);

  app.use(async (c, next) => {
    const now = clock.monotonicMs();
    const { address } = c.env;
    const size = Number(c.req.header("content-length") ?? 0);
    const granted =
      c.req.method === "PUT" ? uploads.take(address, now, size) : requests.take(address, now);
    if (!granted) {
      return answerError("throttled");
    }
    return next();
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
      priceList: {
        id: options.prices.id,
        householdPerMebibyte: `${options.prices.householdPerMebibyte}`,
        creatorsPerPlay: `${options.prices.creatorsPerPlay}`,
        platformFee: options.prices.platformFee,
      },
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
