import type { Bytes } from "../agent/core/units.ts";

export interface StorageReading {
  readonly total: Bytes;
  readonly free: Bytes;
  readonly readOnly: boolean;
  /** Cumulative bytes written to the block device since boot; undefined when it has no counter. */
  readonly written?: Bytes;
}

export interface Storage {
  /** Of the file system that holds the directory; undefined when it cannot be read. */
  read(directory: string): Promise<StorageReading | undefined>;
}
