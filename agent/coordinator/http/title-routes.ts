import type { Hono } from "hono";
import * as v from "valibot";
import type { PutOutcome } from "../../content/chunk-writer.ts";
import { isHash, toBase64Url } from "../../core/encoding.ts";
import { bytesField } from "../../core/json.ts";
import type { TitleRow } from "../store/title-rows.ts";
import type { ApiOptions } from "./options.ts";
import {
  type ApiEnv,
  answerError,
  answerRefusal,
  answerStatus,
  CHUNK_BODY,
  pageStart,
  readBytes,
  readJson,
  TITLE_BODY,
} from "./request.ts";

const PAGE = 1_000;

const splitField = v.pipe(v.array(bytesField(12_000)), v.minLength(1), v.maxLength(64));
const publishBody = v.strictObject({ manifest: bytesField(11_500_000), split: splitField });
const splitBody = v.strictObject({
  split: splitField,
  approvals: v.optional(v.pipe(v.array(bytesField(12_000)), v.maxLength(65)), []),
});

const chunkAnswers: Record<Exclude<PutOutcome, "stored" | "known">, [number, string]> = {
  "unknown-title": [404, "The title is not known here: publish its manifest first."],
  "not-in-manifest": [409, "The title's manifest does not name that chunk."],
  "wrong-hash": [422, "The bytes are not the chunk of that hash."],
  "budget-spent": [507, "The origin has written as much as it may today: try again tomorrow."],
  "no-space": [507, "The origin has no space left: the operator has to add some."],
  "disk-fault": [507, "The origin's disk failed: the operator has to look at it."],
};

export function addTitleRoutes(app: Hono<ApiEnv>, options: ApiOptions): void {
  const { store, titles } = options;

  app.post("/v1/titles", async (c) => {
    const read = await readJson(c, publishBody, TITLE_BODY);
    if (!read.ok) return answerRefusal(read);
    const published = await titles.publish(read.body.manifest, read.body.split);
    if (published.ok) return c.json({ title: published.title }, 201);
    if (!("notAdmitted" in published)) return answerRefusal(published);
    return answerStatus(403, published.notAdmitted, published.text);
  });

  app.get("/v1/titles", (c) => {
    const rows = store.titles.page(PAGE, pageStart(c.req.query("from")));
    return c.json({ titles: rows.map(summary) });
  });

  app.get("/v1/titles/:name", (c) => {
    const row = titles.find(c.req.param("name"));
    if (!row) return answerError("unknown-title");
    if (row.takedown !== null) return answerError("taken-down");
    const split = store.titles.split(row.split);
    return c.json({
      ...summary(row),
      manifest: toBase64Url(row.manifest),
      split: split?.signed ?? [],
    });
  });

  app.get("/v1/titles/:title/missing", (c) => {
    const title = c.req.param("title");
    if (!isHash(title) || !store.titles.get(title)) {
      return answerError("unknown-title");
    }
    return c.json({ missing: titles.missing(title) });
  });

  app.put("/v1/titles/:title/chunks/:hash", async (c) => {
    const { title, hash } = c.req.param();
    if (!isHash(title) || !isHash(hash)) return answerError("malformed", "not a hash");
    const data = await readBytes(c, CHUNK_BODY);
    if (!data) return answerError("too-large");
    const outcome = await titles.putChunk(title, hash, data);
    if (outcome === "stored" || outcome === "known") return c.body(null, 204);
    const [status, text] = chunkAnswers[outcome];
    return answerStatus(status, outcome, text);
  });

  app.get("/v1/splits/:split", (c) => {
    const id = c.req.param("split");
    const split = isHash(id) ? store.titles.split(id) : undefined;
    if (!split) return answerStatus(404, "no-such-split", "No split of that id was agreed here.");
    return c.json({ signed: split.signed });
  });

  app.post("/v1/titles/:title/split", async (c) => {
    const title = c.req.param("title");
    const read = await readJson(c, splitBody, TITLE_BODY);
    if (!read.ok) return answerRefusal(read);
    if (!isHash(title)) return answerError("unknown-title");
    const replaced = titles.replaceSplit(title, read.body.split, read.body.approvals);
    return replaced.ok ? c.json({ title }) : answerRefusal(replaced);
  });
}

const summary = (row: TitleRow) => ({
  title: row.title,
  slug: row.slug,
  name: row.name,
  kind: row.kind,
  size: row.size,
  complete: row.complete === 1,
});
