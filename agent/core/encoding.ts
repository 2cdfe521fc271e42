import { hash } from "node:crypto";
import type { Brand } from "./units.ts";

/** A sha-256 as 64 lower-case hexadecimal digits. */
export type Hash = Brand<string, "Hash">;
/** A raw ed25519 public key (32 bytes) as 64 lower-case hexadecimal digits. */
export type PublicKey = Brand<string, "PublicKey">;
/** 16 random bytes as 32 lower-case hexadecimal digits. */
export type Id = Brand<string, "Id">;

export const sha256 = (data: Uint8Array) => hash("sha256", data, "hex") as Hash;

export const toHex = (data: Uint8Array) => Buffer.from(data).toString("hex");
export const fromHex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
export const toBase64Url = (data: Uint8Array) => Buffer.from(data).toString("base64url");

/** Strict: undefined for anything that is not exactly the encoding of some bytes (RFC 4648 §5, no padding). */
export function fromBase64Url(text: string): Uint8Array | undefined {
  try {
    const data = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    return data.toBase64({ alphabet: "base64url", omitPadding: true }) === text ? data : undefined;
  } catch (fault) {
    if (fault instanceof SyntaxError) return undefined;
    throw fault;
  }
}

export const isHash = (text: string): text is Hash => /^[0-9a-f]{64}$/.test(text);
export const isPublicKey = (text: string): text is PublicKey => /^[0-9a-f]{64}$/.test(text);
export const isId = (text: string): text is Id => /^[0-9a-f]{32}$/.test(text);
