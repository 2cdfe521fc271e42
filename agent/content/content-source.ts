/** What the peer server and the gateway need of a store: where verified bytes lie on disk. */
import type { TitleManifest } from "../accounting/messages.ts";
import type { Hash } from "../core/encoding.ts";
import type { Bytes } from "../core/units.ts";

export interface ContentFile {
  /** A plain file whose offsets are the title file's offsets; may be sparse where chunks are missing. */
  readonly diskPath: string;
  readonly size: Bytes;
  readonly mediaType: string;
  /** Strong validator (RFC 9110 §8.8.1), derived from the chunk hashes; quotes included. */
  readonly etag: string;
  /** Title's manifest, for its delivery mode, chunk size and hashes. */
  readonly manifest: TitleManifest;
  readonly fileIndex: number;
  /** True when every chunk that overlaps [start, end) is held and verified. */
  holds(start: number, end: number): boolean;
}

export interface ContentSource {
  /** undefined when the title or the file is not held, blocked or under takedown. */
  open(title: Hash, path: string): ContentFile | undefined;
  /** Tells the store that a range was asked for, for its eviction policy. */
  touch(title: Hash, fileIndex: number, start: number, end: number): void;
}
