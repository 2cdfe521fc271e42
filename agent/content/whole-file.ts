/** Small files that are replaced and read as a whole. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { errnoOf } from "../core/errors.ts";

/** Whole or not at all after a crash of the process; a power cut may still leave the old content. */
export async function replaceFile(path: string, data: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.new`, data);
  await rename(`${path}.new`, path);
}

export async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (fault) {
    if (errnoOf(fault) === "ENOENT") return undefined;
    throw fault;
  }
}
