/**
 * Writes commits, at the pace the policy sets, and deals with a disk that will not take them: the
 * ballast is given back, and until a write works again the journal says that it is failing.
 */
import type { Clock } from "../core/clock.ts";
import { errnoOf, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type Bytes, bytes, type Milliseconds, milliseconds } from "../core/units.ts";
import type { Ballast } from "./ballast.ts";
import { type CommitLimits, commitIsDue, WriteBudget } from "./commit-policy.ts";
import type { Batch, JournalStore } from "./store.ts";
import type { Tail } from "./tail.ts";

export type WriterState =
  | { readonly state: "ready" }
  /** Nothing can be written now; what happens is kept in memory until it can be again. */
  | { readonly state: "failing"; readonly reason: string };

export interface CommitWriterOptions {
  readonly store: JournalStore;
  readonly ballast: Ballast;
  readonly limits: CommitLimits;
  /** Of the file system. */
  readonly blockSize: Bytes;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What a file system adds to each fsync: blocks begun and its own journal, in its blocks (ext4 with
 * 1 KiB and with 4 KiB blocks, on the device's counter: test/bench/journal.ts).
 */
const FILE_SYSTEM_BLOCKS = 7;

export class CommitWriter {
  readonly #options: CommitWriterOptions;
  readonly #budget: WriteBudget;
  #state: WriterState = { state: "ready" };
  #waitingSince: Milliseconds | undefined;
  #lastTry: Milliseconds;
  #written = 0;
  #full = false;

  constructor(options: CommitWriterOptions) {
    this.#options = options;
    this.#lastTry = options.clock.monotonicMs();
    this.#budget = new WriteBudget(options.limits.budget, this.#lastTry);
  }

  get state(): WriterState {
    return this.#state;
  }

  get bytesWritten(): Bytes {
    return this.#written as Bytes;
  }

  /** Is there no room for the ballast, so that the journal lives on the last of the disk? */
  get full(): boolean {
    return this.#full;
  }

  /** Counts a write that was made durable by itself. */
  spend = (amount: Bytes): void => {
    this.#written += amount;
    this.#budget.spend(bytes(amount + FILE_SYSTEM_BLOCKS * this.#options.blockSize));
  };

  /** Something changed that the next commit has to take in. */
  wait(): void {
    this.#waitingSince ??= this.#options.clock.monotonicMs();
  }

  /** Is there anything left of what may be written today? */
  get affords(): boolean {
    return this.#budget.allowance(this.#options.clock.monotonicMs()) > 0;
  }

  isDue(atRisk: Bytes, { hasKeeper, keptAt }: Pick<Tail, "hasKeeper" | "keptAt">): boolean {
    const { clock, limits } = this.#options;
    const now = clock.monotonicMs();
    const sinceCommit = milliseconds(now - this.#lastTry);
    if (this.#state.state === "failing") return sinceCommit >= limits.soonest;
    const age =
      this.#waitingSince === undefined ? undefined : milliseconds(now - this.#waitingSince);
    const sinceSafe = milliseconds(Math.min(sinceCommit, now - (keptAt ?? this.#lastTry)));
    return commitIsDue({ atRisk, age, sinceSafe, hasKeeper }, limits);
  }

  /** True when the batch is durable; false when it is not, and then nothing of it is. */
  write(batch: Batch): boolean {
    this.#lastTry = this.#options.clock.monotonicMs();
    try {
      this.spend(this.#writeOrFreeBallast(batch));
    } catch (fault) {
      this.#fail(reasonOf(fault));
      return false;
    }
    if (this.#state.state === "failing") this.#options.log.notice("journal can be written again");
    this.#state = { state: "ready" };
    this.#waitingSince = undefined;
    return true;
  }

  /**
   * Takes the ballast back once there is room for it and more; a disk that is full goes on without.
   * To be called often: nothing is written unless it will stay.
   */
  restoreBallast(): void {
    const { ballast, log } = this.#options;
    if (this.#state.state === "failing") return;
    if (ballast.held) {
      this.#full = false;
      return;
    }
    this.#full = !ballast.fits;
    if (this.#full) return;
    try {
      ballast.take();
      log.info("journal's ballast taken");
    } catch (fault) {
      if (!isFull(fault)) throw fault;
      log.debug("no room for the journal's ballast", { reason: reasonOf(fault) });
    }
  }

  #writeOrFreeBallast(batch: Batch): Bytes {
    const { store, ballast, log } = this.#options;
    try {
      return store.write(batch);
    } catch (fault) {
      if (!isFull(fault) || !ballast.free()) throw fault;
      log.warning("disk full: the journal's ballast was given back");
      return store.write(batch);
    }
  }

  #fail(reason: string): void {
    if (this.#state.state !== "failing") {
      this.#options.log.error("journal cannot be written", { reason });
    }
    this.#state = { state: "failing", reason };
  }
}

const FULL = ["SQLITE_FULL", "SQLITE_IOERR_WRITE", "ENOSPC", "EDQUOT"];

const isFull = (fault: unknown) => FULL.includes(errnoOf(fault) ?? "");
