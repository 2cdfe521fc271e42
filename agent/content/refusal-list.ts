import { type Hash, isHash } from "../core/encoding.ts";
import { writeDurably } from "../core/write-durably.ts";
import { readIfThere } from "./whole-file.ts";

/** Why a title may not be held: the household's own wish, or a takedown notice of the coordinator. */
export type RefusedBy = "household" | "takedown";

/** Titles that never come back by themselves. One line each on disk, so that any editor can read it. */
export class RefusalList {
  readonly #path: string;
  readonly #titles: Map<Hash, RefusedBy>;
  /** What is on disk is older: the last write failed. */
  #unsaved = false;

  private constructor(path: string, titles: Map<Hash, RefusedBy>) {
    this.#path = path;
    this.#titles = titles;
  }

  /** Lines that are not understood are left out: they can only come from an editor. */
  static async open(path: string): Promise<RefusalList> {
    const text = Buffer.from((await readIfThere(path)) ?? []).toString();
    const titles = new Map<Hash, RefusedBy>();
    for (const line of text.split("\n")) {
      const [by, title] = line.split(" ");
      if (title && isHash(title) && (by === "household" || by === "takedown"))
        titles.set(title, by);
    }
    return new RefusalList(path, titles);
  }

  refusedBy(title: Hash): RefusedBy | undefined {
    return this.#titles.get(title);
  }

  /**
   * Durable when it returns; where the disk does not take it, it throws, holds for this run, and is
   * written with the next call. A takedown outranks the household, so that nobody lifts it by mistake.
   */
  add(titles: readonly Hash[], by: RefusedBy): void {
    const changed = titles.filter((title) => {
      const known = this.#titles.get(title);
      return known !== by && known !== "takedown";
    });
    for (const title of changed) this.#titles.set(title, by);
    if (changed.length > 0 || this.#unsaved) this.#save();
  }

  /** Lifts the household's own block; false when there is none. */
  lift(title: Hash): boolean {
    if (this.#titles.get(title) !== "household") return false;
    this.#titles.delete(title);
    this.#save();
    return true;
  }

  list(by: RefusedBy): readonly Hash[] {
    return [...this.#titles].filter(([, its]) => its === by).map(([title]) => title);
  }

  #save(): void {
    const lines = [...this.#titles].map(([title, by]) => `${by} ${title}\n`);
    this.#unsaved = true;
    writeDurably(this.#path, lines.join(""), 0o600);
    this.#unsaved = false;
  }
}
