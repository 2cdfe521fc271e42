/** Several signed messages in one frame, as records travel over MQTT: a CBOR array of byte strings. */
import { CborReader, DecodeFault, major } from "./cbor-reader.ts";
import { CborWriter } from "./cbor-writer.ts";
import type { Refused } from "./envelope.ts";
import { MAX_BATCH } from "./limits.ts";

/** Largest frame that is looked at: what a broker is told to let through. */
export const MAX_BATCH_BYTES = 1024 * 1024;

export function encodeBatch(messages: readonly Uint8Array[]): Uint8Array {
  if (messages.length > MAX_BATCH) {
    throw new RangeError(`a batch holds at most ${MAX_BATCH} messages, not ${messages.length}`);
  }
  const writer = new CborWriter(messages.reduce((sum, message) => sum + message.length + 5, 5));
  writer.head(major.array, messages.length);
  for (const message of messages) writer.byteString(message);
  return writer.result();
}

export type DecodedBatch =
  | { readonly ok: true; readonly messages: readonly Uint8Array[] }
  | Refused;

/** The messages as copies of their own; what is in them is not looked at, so one bad one harms none. */
export function decodeBatch(frame: Uint8Array, maxEach = 2048): DecodedBatch {
  if (frame.length > MAX_BATCH_BYTES) {
    return { ok: false, code: "too-large", detail: `batch: ${frame.length} bytes` };
  }
  try {
    const reader = new CborReader(frame, "batch");
    const count = reader.count(major.array, 0, MAX_BATCH);
    const messages: Uint8Array[] = [];
    for (let index = 0; index < count; index++) messages.push(reader.byteString(1, maxEach));
    reader.finish();
    return { ok: true, messages };
  } catch (fault) {
    if (!(fault instanceof DecodeFault)) throw fault;
    return { ok: false, code: fault.code, detail: fault.message };
  }
}
