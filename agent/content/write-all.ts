import type { FileHandle } from "node:fs/promises";

/** write(2) may write less than asked, and does so on a disk that is just full: the rest is tried, and fails. */
export async function writeAll(
  file: FileHandle,
  data: Uint8Array,
  position: number,
): Promise<void> {
  let written = 0;
  while (written < data.length) {
    const { bytesWritten } = await file.write(
      data,
      written,
      data.length - written,
      position + written,
    );
    written += bytesWritten;
  }
}
