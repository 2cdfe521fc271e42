/**
 * Records of one commit as one row: packed together, because a record repeats most of its
 * neighbour (keys, headers, titles) and flash is paid by the byte.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { decodeBatch, encodeBatch } from "../accounting/batch.ts";
import { reasonOf } from "../core/errors.ts";
import { DamagedRow } from "./table.ts";

/** Records in one segment at most, so that looking at one costs little memory. */
export const SEGMENT_RECORDS = 256;

/** A record is at most 2 KiB (`accounting/schema.ts`); a packed body that claims more is damaged. */
const MOST_BYTES = SEGMENT_RECORDS * 2048 + 1024;

/** What records repeat is found at the lowest level already; the next ones take twice the time. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export const packRecords = (records: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(zstdCompressSync(encodeBatch(records), LEVEL));

/** Throws DamagedRow when the body is not what `packRecords` made. */
export function unpackRecords(body: Uint8Array): readonly Uint8Array[] {
  try {
    const batch = decodeBatch(
      new Uint8Array(zstdDecompressSync(body, { maxOutputLength: MOST_BYTES })),
    );
    if (batch.ok) return batch.messages;
    throw new DamagedRow(`segment: ${batch.detail}`);
  } catch (fault) {
    if (fault instanceof DamagedRow) throw fault;
    throw new DamagedRow(`segment cannot be unpacked: ${reasonOf(fault)}`, { cause: fault });
  }
}
