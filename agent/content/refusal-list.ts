import { type Hash, isHash } from "../core/encoding.ts";
import { writeDurably } from "../core/write-durably.ts";
import { readIfThere } from "./whole-file.ts";

/** Why a title may not be held: the household's own wish, or a takedown notice of the coordinator. */
export type RefusedBy = "household" | "takedown";

/** More is no name of ours. */
const LONGEST_NAME = 1000;

interface Refused {
  readonly by: RefusedBy;
  /** As its manifest said when it was held, so that people know later what they blocked. */
  readonly name?: string;
}

/** Titles that never come back by themselves. One line each on disk, so that any editor can read it. */
export class RefusalList {
  readonly #path: string;
  readonly #titles: Map<Hash, Refused>;
  /** What is on disk is older: the last write failed. */
  #unsaved = false;

  private constructor(path: string, titles: Map<Hash, Refused>) {
    this.#path = path;
    this.#titles = titles;
  }

  /** Lines that are not understood are left out: they can only come from an editor. */
  static async open(path: string): Promise<RefusalList> {
    const text = Buffer.from((await readIfThere(path)) ?? []).toString();
    const titles = new Map<Hash, Refused>();
    for (const line of text.split("\n")) {
      const [by, title, ...words] = line.split(" ");
      const name = words.join(" ").slice(0, LONGEST_NAME);
      if (title && isHash(title) && (by === "household" || by === "takedown"))
        titles.set(title, { by, ...(name !== "" && { name }) });
    }
    return new RefusalList(path, titles);
  }

  refusedBy(title: Hash): RefusedBy | undefined {
    return this.#titles.get(title)?.by;
  }

  nameOf(title: Hash): string | undefined {
    return this.#titles.get(title)?.name;
  }

  /**
   * Durable when it returns; where the disk does not take it, it throws, holds for this run, and is
   * written with the next call. A takedown outranks the household, so that nobody lifts it by mistake.
   */
  add(titles: readonly Hash[], by: RefusedBy, names: (title: Hash) => string | undefined): void {
    const changed = titles.filter((title) => {
      const known = this.refusedBy(title);
      return known !== by && known !== "takedown";
    });
    for (const title of changed) {
      const name = (names(title) ?? this.nameOf(title))?.replace(/\s+/g, " ").trim();
      this.#titles.set(title, { by, ...(name && { name }) });
    }
    if (changed.length > 0 || this.#unsaved) this.#save();
  }

  /** Lifts the household's own block; false when there is none. */
  lift(title: Hash): boolean {
    if (this.refusedBy(title) !== "household") return false;
    this.#titles.delete(title);
    this.#save();
    return true;
  }

  list(by: RefusedBy): readonly Hash[] {
    return [...this.#titles].filter(([, its]) => its.by === by).map(([title]) => title);
  }

  #save(): void {
    const lines = [...this.#titles].map(([title, { by, name }]) =>
      name === undefined ? `${by} ${title}\n` : `${by} ${title} ${name}\n`,
    );
    this.#unsaved = true;
    writeDurably(this.#path, lines.join(""), 0o600);
    this.#unsaved = false;
  }
}
