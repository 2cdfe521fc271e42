/** The body of `POST /v1/receipts`. */
import * as v from "valibot";
import type { Hash } from "../core/encoding.ts";
import { hashField, parseJson } from "../core/json.ts";

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
