import { timingSafeEqual } from "node:crypto";
import type { Hono } from "hono";
import * as v from "valibot";
import { isPublicKey, sha256, toBase64Url } from "../../core/encoding.ts";
import { hashField } from "../../core/json.ts";
import { reachedOf } from "../reach.ts";
import type { BoxRow } from "../store/box-rows.ts";
import type { ApiOptions } from "./options.ts";
import {
  type ApiEnv,
  answerError,
  answerRefusal,
  answerStatus,
  pageStart,
  readJson,
} from "./request.ts";

const takedownBody = v.strictObject({
  title: hashField,
  reason: v.pipe(v.string(), v.minLength(1), v.maxLength(500)),
});
const decisionBody = v.strictObject({
  decision: v.pipe(v.string(), v.minLength(1), v.maxLength(4_000)),
  release: v.boolean(),
});

const PAGE = 500;

/** What only the operator may see and do, with the token of the coordinator's token file. */
export function addOperatorRoutes(app: Hono<ApiEnv>, options: ApiOptions): void {
  const { store, appeals, titles } = options;
  const expected = Buffer.from(sha256(Buffer.from(options.operatorToken)));

  app.use("/v1/fleet/*", async (c, next) => {
    const offered = c.req.header("authorization")?.replace(/^Bearer /i, "") ?? "";
    // Hashes have one length, and comparing them in constant time tells nothing of the token.
    const given = Buffer.from(sha256(Buffer.from(offered)));
    if (timingSafeEqual(given, expected)) return next();
    const text = "Only the operator may do this: send the token as Authorization: Bearer.";
    return answerStatus(401, "operator-only", text);
  });

  app.get("/v1/fleet", (c) => {
    const rows = store.boxes.page(PAGE, pageStart(c.req.query("from")));
    const sums = store.ledger.sums();
    return c.json({
      boxes: rows.map((row) => ({ ...boxJson(row), titles: store.boxes.holdings(row.id) })),
      count: store.boxes.count(),
      flags: store.cases.flags(),
      records: store.records.totals(),
      balances: Object.fromEntries([...sums].map(([kind, amount]) => [kind, `${amount}`])),
      ledgerLines: store.ledger.size(),
      ...options.figures(),
    });
  });

  app.get("/v1/fleet/boxes/:box", (c) => {
    const key = c.req.param("box");
    const row = isPublicKey(key) ? store.boxes.get(key) : undefined;
    if (!row) return answerError("not-enrolled");
    const evidence = store.cases.about(row.key).map(({ first, second, ...rest }) => ({
      ...rest,
      ...(first && { first: toBase64Url(first) }),
      ...(second && { second: toBase64Url(second) }),
    }));
    return c.json({ ...boxJson(row), titles: store.boxes.holdings(row.id), evidence });
  });

  app.post("/v1/fleet/boxes/:box/release", (c) => {
    const key = c.req.param("box");
    if (!isPublicKey(key) || !appeals.release(key)) {
      return answerError("not-enrolled");
    }
    options.tellBoxes(key);
    return c.json({ box: key });
  });

  app.get("/v1/fleet/appeals", (c) => c.json({ appeals: store.cases.appeals(PAGE) }));

  app.post("/v1/fleet/appeals/:id", async (c) => {
    const read = await readJson(c, decisionBody);
    if (!read.ok) return answerRefusal(read);
    const { decision, release } = read.body;
    const subject = appeals.decide(Number(c.req.param("id")), decision, release);
    if (!subject) return answerStatus(404, "no-such-appeal", "There is no such open appeal.");
    if (release) options.tellBoxes(subject);
    return c.json({ subject });
  });

  app.get("/v1/fleet/takedowns", (c) =>
    c.json({ takedowns: store.titles.takedowns(PAGE, pageStart(c.req.query("from"))) }),
  );

  app.post("/v1/fleet/takedowns", async (c) => {
    const read = await readJson(c, takedownBody);
    if (!read.ok) return answerRefusal(read);
    const { title, reason } = read.body;
    if (!(await titles.takeDown(title, reason))) {
      return answerError("unknown-title");
    }
    options.tellBoxes("all");
    return c.json({ title });
  });
}

const boxJson = (row: BoxRow) => ({
  box: row.key,
  wallet: row.wallet,
  device: row.device,
  version: row.version,
  online: row.online === 1,
  sharing: row.sharing === 1,
  rate: row.rate,
  capacity: row.capacity,
  generation: row.generation,
  creditedBytes: row.credited_bytes,
  credited: `${row.credited_tokens}`,
  seenAt: row.seen_at,
  reachable: reachedOf(row) ?? null,
  ...(row.quarantine && { quarantine: row.quarantine }),
});
