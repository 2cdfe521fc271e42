/** Meets the other boxes of this home once a second: says what this one wants, and hears the others. */
import type { HomeLink } from "../../hardware/home-link.ts";
import type { Milliseconds } from "../core/units.ts";
import type { Decision } from "./decide.ts";
import {
  claimOf,
  formatClaim,
  NEIGHBOUR_ID,
  NeighbourBook,
  type Neighbours,
} from "./neighbours.ts";

export class Neighbourhood {
  readonly #link: HomeLink;
  readonly #id: Uint8Array;
  readonly #book: NeighbourBook;

  /** @param bytes unpredictable ones: an id of this start, which nobody can tell a household by. */
  constructor(link: HomeLink, bytes: (length: number) => Uint8Array) {
    this.#link = link;
    this.#id = bytes(NEIGHBOUR_ID);
    this.#book = new NeighbourBook(this.#id);
  }

  meet({ state, verdict }: Decision, at: Milliseconds): Neighbours {
    const claim = claimOf(state.line, state.alone, verdict);
    if (claim) this.#link.announce(formatClaim(this.#id, claim));
    for (const message of this.#link.receive()) this.#book.hear(message, at);
    return this.#book.at(at);
  }

  close(): void {
    this.#link.close();
  }
}
