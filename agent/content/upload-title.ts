import { open } from "node:fs/promises";
import type { TitleManifest } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash } from "../core/encoding.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { milliseconds } from "../core/units.ts";
import { type ChunkRef, chunkRange, everyChunk, fileAt, hashOf } from "./chunks.ts";
import { type CoordinatorClient, CoordinatorRefusal } from "./coordinator-client.ts";
import type { MadeTitle } from "./make-title.ts";

export interface UploadOptions {
  readonly title: MadeTitle;
  readonly coordinator: Pick<CoordinatorClient, "publish" | "missing" | "putChunk">;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly onProgress?: (sent: number, toSend: number) => void;
}

/** Chunks on their way at once: enough to fill a line, few enough to hold in memory. */
const AT_ONCE = 4;
const TRIES = 5;
const FIRST_WAIT = milliseconds(500);

/**
 * Announces a title and sends what the origin lacks; after a break a second call goes on where the
 * first one stopped, because the origin is asked. Throws an OperatorError when it cannot be done.
 */
export async function uploadTitle(options: UploadOptions): Promise<void> {
  const { title, coordinator, signal } = options;
  const { hash, body } = title.manifest;
  await refusalsExplained(() => coordinator.publish(title.manifest, title.split, signal));
  const places = placesOf(body);
  for (;;) {
    const missing = await coordinator.missing(hash, signal);
    if (missing.length === 0) return;
    let sent = 0;
    const queue = [...missing];
    const lane = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await sendChunk(options, next, places);
        options.onProgress?.(++sent, missing.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }
}

async function sendChunk(
  options: UploadOptions,
  hash: Hash,
  places: ReadonlyMap<Hash, ChunkRef>,
): Promise<void> {
  const ref = places.get(hash);
  if (!ref) throw new Error(`the origin lacks chunk ${hash}, which the title does not name`);
  const data = await readChunk(options.title, ref);
  const { coordinator, clock, signal, title } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await refusalsExplained(() =>
        coordinator.putChunk(title.manifest.hash, hash, data, signal),
      );
    } catch (fault) {
      const passing = fault instanceof OperatorError && fault.code === exitCode.unavailable;
      if (!passing || attempt === TRIES || signal?.aborted) throw fault;
      await clock.sleep(milliseconds(FIRST_WAIT * 2 ** attempt), signal);
    }
  }
}

async function readChunk(title: MadeTitle, ref: ChunkRef): Promise<Uint8Array<ArrayBuffer>> {
  const { body } = title.manifest;
  const { start, end } = chunkRange(fileAt(body, ref.file), body.chunkSize, ref.chunk);
  const file = await open(title.files[ref.file]?.diskPath ?? "", "r");
  try {
    const data = new Uint8Array(end - start);
    await file.read(data, 0, data.length, start);
    return data;
  } finally {
    await file.close();
  }
}

function placesOf(manifest: TitleManifest): ReadonlyMap<Hash, ChunkRef> {
  return new Map([...everyChunk(manifest)].map((ref) => [hashOf(manifest, ref), ref]));
}

async function refusalsExplained<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (cause) {
    if (!(cause instanceof CoordinatorRefusal)) throw cause;
    // Who sends faster than the coordinator takes in is let in again in a moment.
    throw new OperatorError(
      cause.code === "throttled" ? exitCode.unavailable : exitCode.noPermission,
      `The coordinator refused the title (${cause.code}): ${cause.message}`,
      { cause },
    );
  }
}
