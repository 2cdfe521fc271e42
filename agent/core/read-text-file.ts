import { closeSync, openSync, readSync } from "node:fs";

/** A whole small file as text. Throws a RangeError when it has more bytes, so a device never ends us. */
export function readTextFile(path: string, limit: number): string {
  const file = openSync(path, "r");
  try {
    const data = Buffer.alloc(limit + 1);
    let size = 0;
    for (let read = -1; read !== 0 && size <= limit; size += read)
      read = readSync(file, data, size, data.length - size, null);
    if (size > limit) throw new RangeError(`${path} is longer than ${limit} bytes`);
    return data.toString("utf8", 0, size);
  } finally {
    closeSync(file);
  }
}
