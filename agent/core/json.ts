/** JSON from outside, and the fields that schemas of it have in common. */
import * as v from "valibot";
import { fromBase64Url, type Hash, isHash, isPublicKey, type PublicKey } from "./encoding.ts";

/** undefined for what is no JSON; JSON has no undefined, so every schema refuses it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (fault) {
    if (fault instanceof SyntaxError) return undefined;
    throw fault;
  }
}

export const hashField = v.custom<Hash>(
  (text) => typeof text === "string" && isHash(text),
  "is not a sha-256 in lower-case hex",
);

export const publicKeyField = v.custom<PublicKey>(
  (text) => typeof text === "string" && isPublicKey(text),
  "is not a public key in lower-case hex",
);

/** base64url text of at most so many characters, as its bytes. */
export const bytesField = (maxText: number) =>
  v.pipe(
    v.string(),
    v.maxLength(maxText),
    v.transform((text) => fromBase64Url(text)),
    v.instance(Uint8Array, "is not base64url"),
  );
