import type { Context } from "hono";
import * as v from "valibot";
import type { RefusalCode } from "../../accounting/refusal.ts";
import { parseJson } from "../../core/json.ts";
import { type Refusal, refusalBody, refuse, statusOf } from "../refusal.ts";

/** What the server hands to each request. */
export interface ApiEnv {
  readonly Bindings: {
    /** The client's address, as the server or its trusted proxy saw it. */
    readonly address: string;
  };
}

export type ApiContext = Context<ApiEnv>;

const KIB = 1024;
const SMALL_BODY = 64 * KIB;
/** A manifest of 8 MiB in base64url, its splits and the JSON around them. */
export const TITLE_BODY = 12 * KIB * KIB;

/** The largest chunk a manifest may name. */
export const CHUNK_BODY = 4 * KIB * KIB;

export type Body<T> = { readonly ok: true; readonly body: T } | Refusal;

/** The request's JSON body, never more than so many bytes of it, checked against the schema. */
export async function readJson<S extends v.GenericSchema>(
  c: ApiContext,
  schema: S,
  limit = SMALL_BODY,
): Promise<Body<v.InferOutput<S>>> {
  const data = await readBytes(c, limit);
  if (!data) return refuse("too-large");
  const parsed = v.safeParse(schema, parseJson(Buffer.from(data).toString("utf8")));
  if (parsed.success) return { ok: true, body: parsed.output };
  const [issue] = parsed.issues;
  return refuse("malformed", `${v.getDotPath(issue) ?? "body"}: ${issue.message}`);
}

/** undefined when the body is longer than allowed, whatever its headers said. */
export async function readBytes(c: ApiContext, limit: number): Promise<Uint8Array | undefined> {
  if (Number(c.req.header("content-length") ?? 0) > limit) return undefined;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of c.req.raw.body ?? []) {
    size += part.length;
    if (size > limit) return undefined;
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** A page's start from the query; anything odd is the first page. */
export function pageStart(from: string | undefined): number {
  const start = Number(from ?? 0);
  return Number.isSafeInteger(start) && start >= 0 ? start : 0;
}

export const answerRefusal = (refusal: Refusal): Response =>
  Response.json(refusalBody(refusal), {
    status: statusOf(refusal.code),
    ...(refusal.code === "throttled" && { headers: { "retry-after": "5" } }),
  });

export const answerError = (code: RefusalCode, detail?: string) =>
  answerRefusal(refuse(code, detail));

/** For statuses that no refusal code stands for. */
export const answerStatus = (status: number, code: string, text: string) =>
  Response.json({ error: { code, text } }, { status });
