/** The body of `POST /v1/receipts`. */
import * as v from "valibot";
import { type Hash, isHash } from "../core/encoding.ts";

const LONGEST = 4096;

const receiptBody = v.strictObject({
  ticket: v.pipe(
    v.string(),
    v.check(isHash),
    v.transform((text) => text as Hash),
  ),
  receipt: v.pipe(v.string(), v.maxLength(LONGEST)),
});

/** undefined for what is not one. */
export function parseReceiptBody(text: string): { ticket: Hash; receipt: string } | undefined {
  if (text.length > LONGEST) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (fault) {
    if (fault instanceof SyntaxError) return undefined;
    throw fault;
  }
  const parsed = v.safeParse(receiptBody, value);
  return parsed.success ? parsed.output : undefined;
}
