/** The responses that are under way, and whose they are. */
import type { Server } from "bun";

/** Counts what was sent to a viewer, as a session does. */
interface Account {
  brokeOff(amount: number): void;
}

/** What may be closed only when no response runs from it. */
interface Lent {
  users: number;
}

/** A response under way. Whoever has to know of its end is told when it is looked for, not when it comes. */
export class Stream {
  readonly viewer: string;
  readonly #request: Request;
  readonly #server: Server<undefined>;
  #charged: { readonly account: Account; readonly amount: number } | undefined;
  #lent: Lent | undefined;

  constructor(viewer: string, request: Request, server: Server<undefined>) {
    this.viewer = viewer;
    this.#request = request;
    this.#server = server;
  }

  /** Its bytes count for the account; should it break off, that is told. */
  chargeTo(account: Account, amount: number): void {
    this.#charged = { account, amount };
  }

  /** It runs from what is lent, until its end. */
  runsFrom(lent: Lent): void {
    lent.users++;
    this.#lent = lent;
  }

  /** Bun does not tell when a response has ended, but from then on its request has no address any more. */
  get #hasEnded(): boolean {
    return this.#server.requestIP(this.#request) === null;
  }

  /** Once it has ended: settles what hangs on it, and says so. */
  settle(): boolean {
    if (!this.#hasEnded) return false;
    if (this.#lent) this.#lent.users--;
    // A listener for each request would cost more than to ask afterwards, which Bun answers as well.
    if (this.#charged && this.#request.signal.aborted) {
      this.#charged.account.brokeOff(this.#charged.amount);
    }
    return true;
  }
}

/** Ended ones are looked for when so many more are kept than ran lately: requests are not kept for long. */
const TIDY_BEYOND = 12;

export class RunningStreams {
  #streams: Stream[] = [];
  #tidyAt = TIDY_BEYOND;

  begin(viewer: string, request: Request, server: Server<undefined>): Stream {
    if (this.#streams.length >= this.#tidyAt) this.settle();
    const stream = new Stream(viewer, request, server);
    this.#streams.push(stream);
    return stream;
  }

  get count(): number {
    this.settle();
    return this.#streams.length;
  }

  /** Are fewer than `most` under way? Looks at them only where so many were begun. */
  fewerThan(most: number): boolean {
    return this.#streams.length < most || this.count < most;
  }

  /** Does the viewer have one? */
  has(viewer: string): boolean {
    this.settle();
    return this.#streams.some((stream) => stream.viewer === viewer);
  }

  /** Forgets those that have ended. */
  settle(): void {
    this.#streams = this.#streams.filter((stream) => !stream.settle());
    this.#tidyAt = 2 * this.#streams.length + TIDY_BEYOND;
  }
}
