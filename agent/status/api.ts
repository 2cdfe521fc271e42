/** The JSON API under /api/v1: what the shell's verbs and a maker's own screens use. */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { isHash, toBase64Url } from "../core/encoding.ts";
import { parseJson } from "../core/json.ts";
import { limitsSchema } from "./choices.ts";
import { consentText } from "./consent-text.ts";
import type { StatusEnv } from "./gate.ts";
import { consentState, earnings, overview } from "./overview.ts";
import type { Pairing } from "./pairing.ts";
import type { ExportedItem, StatusSources } from "./sources.ts";
import { isLanguage, type Language, preferredLanguage } from "./text.ts";
import { wordsOf } from "./wrong-words.ts";

const MOST_RECORDS = 500;
/** A month; longer is a pause without an end. */
const LONGEST_PAUSE_S = 31 * 86_400;

const pauseBody = v.strictObject({
  seconds: v.exactOptional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LONGEST_PAUSE_S)),
  ),
});
const consentBody = v.strictObject({
  given: v.boolean(),
  language: v.pipe(
    v.string(),
    v.check(isLanguage),
    v.transform((text) => text as Language),
  ),
  /** The text's hash, so that nobody agrees to a text that was not shown. */
  text: v.string(),
});
const recordsQuery = v.object({
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,3}$/, "must be a whole number of up to three digits"),
      v.transform(Number),
    ),
    "50",
  ),
  before: v.exactOptional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,15}$/, "must be a whole number of up to 15 digits"),
      v.transform(Number),
    ),
  ),
});

export function createApi(sources: StatusSources, pairing: Pairing): Hono<StatusEnv> {
  const api = new Hono<StatusEnv>();
  const { household } = sources;
  const language = (c: Context<StatusEnv>) => preferredLanguage(c.req.header("accept-language"));
  api.use(async (c, next) => {
    c.header("cache-control", "no-store");
    const open =
      c.req.method === "GET" && ["/api/v1/status", "/api/v1/health"].includes(c.req.path);
    const enough = c.var.access === "full" || (open && c.var.access === "look");
    if (!enough) return refuse(c, 401, "not-paired", "Show the token, or pair this device first.");
    await next();
    return undefined;
  });

  api.get("/status", (c) => c.json(overview(sources, language(c))));
  api.get("/health", (c) => c.json({ conditions: sources.health.list() }));
  api.get("/wallet", (c) => c.json(earnings(sources)));
  api.get("/records", (c) => {
    const query = v.safeParse(recordsQuery, c.req.query());
    if (!query.success) return invalid(c, query.issues);
    const { limit, before } = query.output;
    return c.json({ records: sources.records(Math.min(limit, MOST_RECORDS), before) });
  });

  api.get("/export", (c) => {
    const items = sources.exported?.(c.req.raw.signal);
    if (!items) return refuse(c, 409, "no-storage", "The box has no journal now; see its page.");
    return c.body(asLines(items), 200, { "content-type": "application/x-ndjson" });
  });

  api.post("/pause", async (c) => {
    const body = v.safeParse(pauseBody, await readJson(c));
    if (!body.success) return invalid(c, body.issues);
    household.pause(body.output.seconds);
    return c.json({ pause: household.choices.pause });
  });
  api.post("/resume", (c) => {
    household.resume();
    return c.json({ pause: household.choices.pause });
  });

  api.get("/limits", (c) => c.json(household.choices.limits));
  api.put("/limits", async (c) => {
    const body = v.safeParse(limitsSchema, await readJson(c));
    if (!body.success) return invalid(c, body.issues);
    household.setLimits(body.output);
    return c.json(household.choices.limits);
  });

  api.get("/consent", (c) => {
    const asked = c.req.query("language") ?? "";
    return c.json(consentState(sources, isLanguage(asked) ? asked : language(c)));
  });
  api.post("/consent", async (c) => {
    const body = v.safeParse(consentBody, await readJson(c));
    if (!body.success) return invalid(c, body.issues);
    const { given, language: shown, text } = body.output;
    const { hash } = consentText(shown);
    if (text !== hash) {
      return refuse(
        c,
        409,
        "text-changed",
        "This is not the text that is in force; read it again.",
      );
    }
    sources.consentChanged(household.consent({ given, text: hash, language: shown }));
    return c.json(consentState(sources, shown));
  });

  api.get("/titles", (c) => {
    const { capacity } = sources.content;
    const [titles, blocked] = [sources.content.titles(), sources.content.blocked()];
    return c.json({ titles, blocked, capacity });
  });
  api.delete("/titles/:title", async (c) => {
    const title = c.req.param("title");
    if (isHash(title) && (await sources.content.delete(title))) return c.body(null, 204);
    return refuse(c, 404, "not-held", "This box holds no such title.");
  });
  api.put("/titles/:title/block", async (c) => {
    const title = c.req.param("title");
    if (!isHash(title)) return refuse(c, 404, "not-held", "A title is 64 hexadecimal digits.");
    await sources.content.block(title);
    return c.body(null, 204);
  });
  api.delete("/titles/:title/block", async (c) => {
    const title = c.req.param("title");
    if (!isHash(title)) return refuse(c, 404, "not-held", "A title is 64 hexadecimal digits.");
    await sources.content.unblock(title);
    return c.body(null, 204);
  });

  api.post("/pairing-code", (c) => {
    const code = pairing.newCode();
    return code === undefined
      ? refuse(c, 429, "locked-out", "Too many wrong codes; wait a few minutes.")
      : c.json({ code });
  });
  api.post("/launch", (c) => c.json({ key: pairing.newLaunchKey() }));
  api.all("*", (c) =>
    refuse(c, 404, "unknown-path", "There is nothing under this path, or not with this method."),
  );
  return api;
}

/** One JSON object a line, made as fast as they are read. */
function asLines(items: AsyncIterable<ExportedItem>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = items[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) return controller.close();
      const line = JSON.stringify({ cbor: toBase64Url(value.cbor), json: value.json });
      return controller.enqueue(encoder.encode(`${line}\n`));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

type Status = 400 | 401 | 404 | 409 | 429;

const refuse = (c: Context<StatusEnv>, status: Status, code: string, text: string) =>
  c.json({ error: { code, text } }, status);

function invalid(c: Context<StatusEnv>, [issue]: readonly v.BaseIssue<unknown>[]) {
  const path = issue?.path?.map((item) => String(item.key)).join(".");
  return refuse(c, 400, "invalid", `${path ? `${path}: ` : "What was sent "}${wordsOf(issue)}`);
}

/** undefined for what is no JSON object; an absent body is an empty one. */
async function readJson(c: Context<StatusEnv>): Promise<unknown> {
  const text = await c.req.text();
  const sent = text === "" ? {} : parseJson(text);
  return Array.isArray(sent) ? undefined : sent;
}
