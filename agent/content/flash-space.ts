/**
 * The room a box gives to content: how much is taken, what has to go for something new, and which
 * files are asked for often enough to be worth their writes.
 */
import type { Clock } from "../core/clock.ts";
import type { Hash } from "../core/encoding.ts";
import { type Bytes, type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import { CachePolicy } from "./cache-policy.ts";
import { chunkLength } from "./chunks.ts";
import type { HeldTitle } from "./held-title.ts";
import type { WriteBudget } from "./write-budget.ts";

/** A large file gives way in pieces from its end, as viewers leave films before they end. */
const LARGE_FILE = 16 * 1024 * 1024;
/** Files asked for so lately are being served. */
const SERVED_LATELY = seconds(10);

interface FlashSpaceOptions {
  /** Undefined where nothing is ever let go. */
  readonly capacity?: Bytes | undefined;
  /** The store's titles, as they come and go. */
  readonly titles: ReadonlyMap<Hash, HeldTitle>;
  readonly budget: WriteBudget;
  readonly clock: Clock;
}

export class FlashSpace {
  readonly #capacity: number;
  readonly #titles: ReadonlyMap<Hash, HeldTitle>;
  readonly #budget: WriteBudget;
  readonly #clock: Clock;
  readonly #policy: CachePolicy;
  readonly #lastAsked = new Map<string, Milliseconds>();
  readonly #wanted = new Set<string>();
  /** Space is made and taken in one step at a time. */
  #making: Promise<unknown> = Promise.resolve();
  #kept: ReadonlySet<Hash> = new Set();
  /** Bytes of chunks that are on their way to the disk. */
  #reserved = 0;

  constructor({ capacity, titles, budget, clock }: FlashSpaceOptions) {
    this.#capacity = capacity ?? Number.POSITIVE_INFINITY;
    this.#titles = titles;
    this.#budget = budget;
    this.#clock = clock;
    this.#policy = new CachePolicy(this.#capacity);
    for (const title of titles.values()) {
      for (const file of title.manifest.files.keys())
        if (title.heldBytes(file) > 0) this.holds(title, file);
    }
  }

  /** Bytes that are held or on their way to the disk. */
  get used(): number {
    let held = this.#reserved;
    for (const title of this.#titles.values()) held += title.totalHeldBytes;
    return held;
  }

  /** Resolves when no space is being made. */
  get settled(): Promise<unknown> {
    return this.#making;
  }

  /** Somebody asked for a range of a file; `held` says whether it is there. */
  asked(title: HeldTitle, file: number, held: boolean): void {
    const size = title.manifest.files[file]?.size;
    if (size === undefined) return;
    const key = keyOf(title.id, file);
    this.#lastAsked.set(key, this.#clock.monotonicMs());
    if (held) this.#policy.hit(key);
    else if (this.#policy.admits(key, size)) this.#wanted.add(key);
  }

  /** Monotonic time somebody last asked for any of its files. */
  lastAsked(title: HeldTitle): Milliseconds | undefined {
    let last: Milliseconds | undefined;
    for (const file of title.manifest.files.keys()) {
      const asked = this.#lastAsked.get(keyOf(title.id, file));
      if (asked !== undefined) last = milliseconds(Math.max(last ?? asked, asked));
    }
    return last;
  }

  /** Files that were asked for often enough to be worth fetching; each is named once. */
  takeWanted(): readonly { readonly title: Hash; readonly file: number }[] {
    const wanted = [...this.#wanted].map(parseKey);
    this.#wanted.clear();
    return wanted;
  }

  /** Titles that are not let go to make room. */
  keep(titles: readonly Hash[]): void {
    this.#kept = new Set(titles);
  }

  /** A file holds more than before. */
  holds(title: HeldTitle, file: number): void {
    this.#policy.holds(keyOf(title.id, file), title.heldBytes(file));
  }

  /** A title was deleted by someone else's decision. */
  drops(title: HeldTitle): void {
    for (const file of title.manifest.files.keys()) {
      const key = keyOf(title.id, file);
      this.#policy.drops(key);
      this.#lastAsked.delete(key);
      this.#wanted.delete(key);
    }
  }

  /** Takes space for so many bytes of a file, letting others go for it; `release` when they are written. */
  reserve(
    title: Hash,
    file: number,
    amount: number,
  ): Promise<"taken" | "no-space" | "budget-spent"> {
    const key = keyOf(title, file);
    const turn = this.#making.then(async () => {
      if (amount > this.#capacity) return "no-space";
      if (this.#budget.left < amount) return "budget-spent";
      while (this.used + amount > this.#capacity) {
        const victim = this.#policy.victim((other) => other === key || this.#isSpared(other));
        if (victim === undefined) return "no-space";
        await this.#letGo(victim);
      }
      this.#budget.charge(amount);
      this.#reserved += amount;
      return "taken";
    });
    // Whoever asked for this turn hears of its fault; the next turn is not held up by it.
    this.#making = turn.catch(() => undefined);
    return turn;
  }

  /** Reserved bytes are held now, or were not written. */
  release(amount: number): void {
    this.#reserved -= amount;
  }

  async #letGo(key: string): Promise<void> {
    const { title, file } = parseKey(key);
    const held = this.#titles.get(title);
    if (!held) return;
    const keep = held.heldBytes(file) > LARGE_FILE ? lastExtent(held, file) : 0;
    await held.drop(file, keep);
    if (held.heldBytes(file) > 0) this.#policy.keeps(key, held.heldBytes(file));
  }

  /** Wanted by the coordinator, or being served. */
  #isSpared(key: string): boolean {
    if (this.#kept.has(parseKey(key).title)) return true;
    const asked = this.#lastAsked.get(key);
    return asked !== undefined && this.#clock.monotonicMs() - asked < SERVED_LATELY;
  }
}

/** First chunk of the last LARGE_FILE bytes that are held. */
function lastExtent(held: HeldTitle, file: number): number {
  const count = held.manifest.files[file]?.chunks.length ?? 0;
  let gone = 0;
  for (let chunk = count - 1; chunk > 0; chunk--) {
    if (held.has({ file, chunk })) gone += chunkLength(held.manifest, { file, chunk });
    if (gone >= LARGE_FILE) return chunk;
  }
  return 0;
}

const keyOf = (title: Hash, file: number) => `${title}/${file}`;
const parseKey = (key: string) => ({
  title: key.slice(0, 64) as Hash,
  file: Number(key.slice(65)),
});
