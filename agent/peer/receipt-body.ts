/** The body of `POST /v1/receipts`. */
import * as v from "valibot";
import type { Clock } from "../core/clock.ts";
import type { Hash } from "../core/encoding.ts";
import { hashField, parseJson } from "../core/json.ts";
import type { Milliseconds } from "../core/units.ts";

const LONGEST = 4096;

const receiptBody = v.strictObject({
  ticket: hashField,
  receipt: v.pipe(v.string(), v.maxLength(LONGEST)),
});

/** undefined for what is not one. */
export function parseReceiptBody(text: string): { ticket: Hash; receipt: string } | undefined {
  if (text.length > LONGEST) return undefined;
  const parsed = v.safeParse(receiptBody, parseJson(text));
  return parsed.success ? parsed.output : undefined;
}

/** The body as text; undefined when it is not all there after `longest`. Rejects when the client goes. */
export async function bodyWithin(
  longest: Milliseconds,
  request: Request,
  clock: Clock,
): Promise<string | undefined> {
  const come = new AbortController();
  const late = clock.sleep(longest, come.signal).then(() => undefined);
  try {
    return await Promise.race([request.text(), late]);
  } finally {
    come.abort();
  }
}
