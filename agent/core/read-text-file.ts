import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** A pipe stands in a file's place: nobody knows whether anything will come from it. */
export class PipeForFile extends Error {
  constructor(path: string) {
    super(`${path} is a pipe, not a file`);
    this.name = "PipeForFile";
  }
}

/**
 * A whole small file as text. Throws a RangeError when it has more bytes, so a device never ends us, and
 * PipeForFile: one that nobody writes to would hold this process where no signal reaches it.
 */
export function readTextFile(path: string, limit: number): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (fstatSync(file).isFIFO()) throw new PipeForFile(path);
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
