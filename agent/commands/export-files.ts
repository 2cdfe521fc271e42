import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import type { WrittenItem } from "../accounting/write-export.ts";
import { errnoOf, exitCode, isStop, OperatorError, reasonOf } from "../core/errors.ts";

/** Writes `<name>.cbor`, which verifies, and `<name>.jsonl`, which reads: both whole, or neither. */
export async function writeExportFiles(
  name: string,
  items: AsyncIterable<WrittenItem> | Iterable<WrittenItem>,
  signal: AbortSignal,
): Promise<number> {
  const files = [`${name}.cbor`, `${name}.jsonl`] as const;
  const parts = files.map((file) => `${file}.part`);
  const opened: number[] = [];
  try {
    for (const part of parts) opened.push(openSync(part, "w", 0o600));
    const [cborFile = -1, jsonFile = -1] = opened;
    let count = 0;
    for await (const { cbor, json } of items) {
      signal.throwIfAborted();
      writeAll(cborFile, cbor);
      writeAll(jsonFile, Buffer.from(json));
      count++;
    }
    for (const file of opened) fsyncSync(file);
    for (const [i, part] of parts.entries()) renameSync(part, files[i] ?? part);
    return count;
  } catch (fault) {
    for (const part of parts.slice(0, opened.length)) rmSync(part, { force: true });
    if (fault instanceof OperatorError || isStop(fault, signal)) throw fault;
    throw new OperatorError(
      exitCode.ioError,
      `the export to ${files[0]} was not written (${errnoOf(fault) ?? reasonOf(fault)}): make room or name another place, and export again`,
      { cause: fault },
    );
  } finally {
    for (const file of opened) closeSync(file);
  }
}

function writeAll(file: number, data: Uint8Array): void {
  for (let written = 0; written < data.length; ) written += writeSync(file, data, written);
}
