/** Signed messages that the box keeps in a file each, as a line of base64url. */
import { fromBase64Url, toBase64Url } from "../core/encoding.ts";
import { readTextFile } from "../core/read-text-file.ts";
import { writeDurably } from "../core/write-durably.ts";

/** Consents and statements have 512 bytes at most (docs/protocol.md). */
const LONGEST_FILE = 4096;

/** undefined when none was kept yet or it cannot be read; whether it verifies is the reader's to say. */
export function readSignedFile(file: string): Uint8Array | undefined {
  try {
    return fromBase64Url(readTextFile(file, LONGEST_FILE).trim());
  } catch {
    return undefined;
  }
}

export const writeSignedFile = (file: string, { bytes }: { readonly bytes: Uint8Array }) =>
  writeDurably(file, `${toBase64Url(bytes)}\n`, 0o600);
