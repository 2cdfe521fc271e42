import { createReadStream } from "node:fs";

/**
 * A whole file, however slowly it comes: a pipe is read to its end. Throws a RangeError beyond `limit`
 * bytes, so that a device never ends us, and the signal's reason when that aborts, even while the other
 * end of a pipe is still to be opened.
 */
export async function readBoundedFile(
  path: string,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([readAll(path, limit), stopped.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function readAll(path: string, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of createReadStream(path)) {
    parts.push(part);
    size += part.length;
    if (size > limit) throw new RangeError(`${path} is longer than ${limit} bytes`);
  }
  return Buffer.concat(parts, size);
}
