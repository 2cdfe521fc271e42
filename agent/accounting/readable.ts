/** Message bodies as JSON, for exports and test vectors: bytes in hex, token amounts as decimal text. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/** Property order is that of the body; properties that are absent stay absent. */
export function toReadable(value: unknown): Json {
  switch (typeof value) {
    case "bigint":
      return value.toString();
    case "string":
    case "number":
    case "boolean":
      return value;
    default:
      if (value === null) return null;
      if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
      if (Array.isArray(value)) return value.map(toReadable);
      return Object.fromEntries(
        Object.entries(value as object)
          .filter(([, entry]) => entry !== undefined)
          .map(([name, entry]) => [name, toReadable(entry)]),
      );
  }
}
