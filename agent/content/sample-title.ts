/** Titles of repeatable noise for tests and benchmarks. */
import { seal } from "../accounting/envelope.ts";
import type { Sealed, TitleManifest } from "../accounting/messages.ts";
import { type Hash, sha256 } from "../core/encoding.ts";
import { seededRandom } from "../core/random.ts";
import { bytes, unixSeconds } from "../core/units.ts";
import { createSigner } from "../identity/ed25519.ts";
import { mediaTypeOf } from "./media-type.ts";

export interface SampleTitle {
  readonly sealed: Sealed<"manifest">;
  /** Content of each file. */
  readonly content: readonly Uint8Array[];
}

export interface SampleOptions {
  readonly seed?: number;
  readonly chunkSize?: number;
  /** All files have the same bytes. */
  readonly same?: boolean;
  readonly delivery?: TitleManifest["delivery"];
}

export function sampleTitle(
  files: readonly (readonly [path: string, size: number])[],
  options: SampleOptions = {},
): SampleTitle {
  const { seed = 1, same = false } = options;
  return titleOf(
    files.map(([path, size], at) => [path, noise(seed * 1000 + (same ? 0 : at), size)]),
    options,
  );
}

/** A title of files with these bytes. */
export function titleOf(
  files: readonly (readonly [path: string, content: Uint8Array])[],
  { seed = 1, chunkSize = 64 * 1024, delivery = "receipted" }: SampleOptions = {},
): SampleTitle {
  const creator = createSigner(new Uint8Array(32).fill(7));
  const sealed = seal(
    "manifest",
    {
      creator: creator.publicKey,
      slug: `sample-${seed}`,
      name: `Sample ${seed}`,
      kind: "files",
      delivery,
      chunkSize: bytes(chunkSize),
      files: files.map(([path, content]) => describe(path, content, chunkSize)),
      split: "5".repeat(64) as Hash,
      createdAt: unixSeconds(1_767_225_600),
    },
    creator,
    "dev",
  );
  return { sealed, content: files.map(([, content]) => content) };
}

export function chunkOf(title: SampleTitle, file: number, chunk: number): Uint8Array {
  const start = chunk * title.sealed.body.chunkSize;
  return (title.content[file] ?? new Uint8Array()).slice(
    start,
    start + title.sealed.body.chunkSize,
  );
}

function describe(path: string, content: Uint8Array, chunkSize: number) {
  const chunks: Hash[] = [];
  for (let at = 0; at < content.length; at += chunkSize)
    chunks.push(sha256(content.subarray(at, at + chunkSize)));
  return { path, size: bytes(content.length), mediaType: mediaTypeOf(path), chunks };
}

/** Noise that differs in every chunk; filled by words, as a byte at a time takes seconds for films. */
function noise(seed: number, size: number): Uint8Array {
  const random = seededRandom(seed);
  const words = new Uint32Array(Math.ceil(size / 4));
  const step = Math.floor(random.unit() * 2 ** 32) | 1;
  let word = Math.floor(random.unit() * 2 ** 32);
  for (let at = 0; at < words.length; at++) {
    word = (Math.imul(word, 1_664_525) + step) >>> 0;
    words[at] = word;
  }
  return new Uint8Array(words.buffer, 0, size);
}
