/** How viewers behaved so far: the most recent few thousand, in the order they were last noted. */
import type { PublicKey } from "../core/encoding.ts";
import type { Bytes } from "../core/units.ts";
import type { ViewerRow } from "./schema.ts";
import type { ViewerStanding } from "./session-journal.ts";

const MOST = 4096;
/** Rows on disk at most, superseded ones included. */
const MOST_ROWS = 4 * MOST;

export class Viewers {
  readonly #known = new Map<PublicKey, ViewerRow>();
  #fresh = new Map<PublicKey, ViewerRow>();
  #nextId: number;

  /** `saved`: are the rows on disk already? */
  constructor(rows: readonly ViewerRow[], saved: boolean) {
    if (!saved) this.#fresh = new Map(rows.map((row) => [row.key as PublicKey, row]));
    this.#nextId = (rows.at(-1)?.id ?? 0) + 1;
    for (const row of rows) this.#keep(row);
  }

  get(key: PublicKey): ViewerStanding | undefined {
    const row = this.#known.get(key);
    return row && { window: row.window as Bytes, strikes: row.strikes };
  }

  note(key: PublicKey, { window, strikes }: ViewerStanding): void {
    const known = this.#known.get(key);
    if (known?.window === window && known.strikes === strikes) return;
    const row: ViewerRow = { id: this.#nextId++, key, window, strikes };
    this.#keep(row);
    this.#fresh.set(key, row);
  }

  get fresh(): readonly ViewerRow[] {
    return [...this.#fresh.values()];
  }

  settle(): void {
    this.#fresh = new Map();
  }

  /** Forgets the oldest beyond the limit; rows with ids below the answer may go. */
  prune(): number {
    for (const [key, { id }] of this.#known) {
      if (this.#known.size <= MOST && this.#nextId - id <= MOST_ROWS) break;
      this.#known.delete(key);
    }
    const [oldest] = this.#known.values();
    return oldest?.id ?? this.#nextId;
  }

  #keep(row: ViewerRow): void {
    const key = row.key as PublicKey;
    this.#known.delete(key);
    this.#known.set(key, row);
  }
}
