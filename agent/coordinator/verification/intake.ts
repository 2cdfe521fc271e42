/**
 * Takes one box's records in, in chain order, inside the caller's transaction: settles what
 * continues a chain, holds what came early, and keeps the proof when a box contradicts itself.
 */
import { open } from "../../accounting/envelope.ts";
import { MAX_BATCH } from "../../accounting/limits.ts";
import type { Environment, Sealed } from "../../accounting/messages.ts";
import type { RefusalCode } from "../../accounting/refusal.ts";
import type { Hash, PublicKey } from "../../core/encoding.ts";
import type { Log } from "../../core/log.ts";
import type { UnixSeconds } from "../../core/units.ts";
import type { Policy } from "../policy.ts";
import type { BoxRow } from "../store/box-rows.ts";
import type { Chain } from "../store/record-rows.ts";
import type { Store } from "../store/store.ts";
import type { AckRange } from "./ack.ts";
import { place } from "./chain.ts";
import { type Judgement, judge } from "./judge.ts";
import type { Prepared, PreparedRecord, UnreadableRecord } from "./prepare.ts";
import type { Tally } from "./tally.ts";

export interface IntakeOptions {
  readonly store: Store;
  readonly environment: Environment;
  readonly policy: Policy;
  readonly log: Log;
  /** Prepares a record again that was held until its turn. */
  readonly prepare: (bytes: Uint8Array, box: PublicKey) => Prepared;
}

export interface IntakeResult {
  /** Records that got their outcome now, and those of them that were paid. */
  readonly settled: number;
  readonly paid: number;
  /** What acks have to answer. */
  readonly ranges: readonly AckRange[];
}

/** Records that one closed gap may release at once, so that a transaction stays short. */
const MAX_RELEASED = MAX_BATCH;

/** Outcomes after which somebody should look at the box. */
const SUSPICIOUS: ReadonlySet<RefusalCode | undefined> = new Set([
  "over-wire",
  "over-rate",
  "over-cap",
]);

export class Intake {
  readonly #box: BoxRow;
  readonly #tally: Tally;
  readonly #options: IntakeOptions;
  readonly #now: UnixSeconds;
  readonly #chains: Map<number, Chain>;
  /** By generation: the lowest number the batch spoke of, and the first one missing. */
  readonly #touched = new Map<number, number>();
  readonly #missing = new Map<number, number>();
  #quarantine: string | null;
  #unreadable: UnreadableRecord[] = [];
  #settled = 0;
  #paid = 0;

  constructor(box: BoxRow, tally: Tally, options: IntakeOptions, now: UnixSeconds) {
    this.#box = box;
    this.#tally = tally;
    this.#options = options;
    this.#now = now;
    this.#quarantine = box.quarantine;
    const chains = options.store.records.chains(box.id);
    this.#chains = new Map(chains.map((chain) => [chain.generation, chain]));
  }

  takeAll(records: readonly Prepared[]): IntakeResult {
    for (const prepared of records) {
      if (prepared.ok) this.#take(prepared);
      else this.#unreadable.push(prepared);
    }
    for (const generation of this.#touched.keys()) this.#releaseHeld(generation);
    const { store } = this.#options;
    const touched = [...this.#touched].map(([generation, from]) => {
      const chain = this.#chains.get(generation);
      if (chain) store.records.saveChain(this.#box.id, chain);
      const missing = this.#missing.get(generation);
      const stillMissing = missing !== undefined && missing > (chain?.sequence ?? 0);
      return { generation, from, ...(stillMissing && { resendFrom: missing }) };
    });
    const newest = Math.max(this.#box.generation, ...this.#chains.keys());
    if (this.#settled > 0) store.boxes.noteGeneration(this.#box.id, newest);
    return { settled: this.#settled, paid: this.#paid, ranges: touched };
  }

  #take(prepared: PreparedRecord) {
    const { record, terms } = prepared;
    const { generation, sequence } = record.body;
    this.#touch(generation, sequence);
    this.#adoptUnreadable(record);
    const { records } = this.#options.store;
    const view = {
      chains: [...this.#chains.values()],
      storedHash: (g: number, s: number) => records.get(this.#box.id, g, s)?.hash,
    };
    const found = place(record, view, terms?.notBefore);
    switch (found.at) {
      case "before":
        return;
      case "next":
        if (this.#quarantine === null) this.#settle(prepared);
        return;
      case "later":
        this.#missing.set(generation, found.missing);
        this.#hold(record);
        return;
      case "closed":
        this.#accuse("clone-suspected", record, sequence);
        return;
      case "conflict":
        this.#accuse(this.#conflictCode(record, found.sequence), record, found.sequence);
        return;
    }
  }

  #settle(prepared: PreparedRecord) {
    const { record } = prepared;
    const { payable, code } = this.#value(prepared);
    this.#append(record.body.generation, record.body.sequence, record, payable, code);
    this.#settled += 1;
    if (payable > 0) this.#paid += 1;
  }

  #append(
    generation: number,
    sequence: number,
    { hash, bytes }: { readonly hash: Hash; readonly bytes: Uint8Array },
    creditedBytes: number,
    code: RefusalCode | undefined,
  ) {
    const at = this.#now;
    const box = this.#box.id;
    const { records } = this.#options.store;
    records.append({ box, generation, sequence, hash, bytes, creditedBytes, code, at });
    const openedAt = this.#chains.get(generation)?.openedAt ?? at;
    this.#chains.set(generation, { generation, sequence, head: hash, openedAt });
  }

  /** What a record is worth, through the tally to its ticket and the ledger. */
  #value({ terms, record, receipt, ticketHash, code }: PreparedRecord): {
    readonly payable: number;
    readonly code: RefusalCode | undefined;
  } {
    if (!terms) return { payable: 0, code };
    if (terms.box !== this.#box.key) return { payable: 0, code: "wrong-box" };
    const ticket = this.#tally.ticket(ticketHash, terms, this.#box);
    const judgement = judge(record.body, receipt, {
      now: this.#now,
      terms,
      ticketHash,
      before: ticket.proven,
      unpaid: ticket.unpaid,
      uplink: this.#options.policy.maxUplink,
      boxEnrolledAt: this.#box.enrolled_at,
      boxCreditedBytes: this.#tally.creditedBytes(this.#box),
      capLeft: this.#tally.capLeft(terms),
    });
    this.#tally.pay(ticketHash, this.#box, judgement, record.hash);
    this.#tally.behaviour(terms.viewer, this.#box, record.body, judgement.proven);
    this.#flag(judgement, record, terms.viewer);
    return { payable: judgement.payable, code: code ?? judgement.code };
  }

  #flag({ code }: Judgement, record: Sealed<"record">, viewer: PublicKey) {
    if (!code || !SUSPICIOUS.has(code)) return;
    this.#options.store.cases.note({
      subject: this.#box.key,
      code,
      first: record.bytes,
      second: null,
      note: `viewer ${viewer}`,
      found_at: this.#now,
    });
  }

  #hold({ body, hash, bytes }: Sealed<"record">) {
    const { store, policy } = this.#options;
    if (this.#quarantine !== null || store.records.heldCount(this.#box.id) >= policy.maxHeld)
      return;
    store.records.hold(this.#box.id, body.generation, body.sequence, hash, bytes);
  }

  #releaseHeld(generation: number) {
    const { store, prepare } = this.#options;
    for (let released = 0; released < MAX_RELEASED && this.#quarantine === null; released++) {
      const next = (this.#chains.get(generation)?.sequence ?? 0) + 1;
      const held = store.records.held(this.#box.id, generation, next);
      if (!held) break;
      const prepared = prepare(held.bytes, this.#box.key);
      if (prepared.ok) this.#take(prepared);
      store.records.releaseUpTo(this.#box.id, generation, next);
    }
  }

  /**
   * Unreadable bytes have no number of their own; the box's signature on the record after them, with
   * the last one's hash in it, says where they stand.
   */
  #adoptUnreadable(record: Sealed<"record">) {
    const { generation, sequence, previous } = record.body;
    const reached = this.#chains.get(generation)?.sequence ?? 0;
    const adopted = this.#unreadable;
    this.#unreadable = [];
    const fits = sequence === reached + adopted.length + 1 && previous === adopted.at(-1)?.hash;
    if (!fits || this.#quarantine !== null) return;
    for (const [index, bad] of adopted.entries()) {
      this.#append(generation, reached + index + 1, bad, 0, bad.code);
      this.#touch(generation, reached + index + 1);
      this.#settled += 1;
    }
  }

  #touch(generation: number, sequence: number) {
    const lowest = Math.min(this.#touched.get(generation) ?? sequence, sequence);
    this.#touched.set(generation, lowest);
  }

  #accuse(code: RefusalCode, record: Sealed<"record">, sequence: number) {
    const { store, log } = this.#options;
    const { generation } = record.body;
    store.cases.note({
      subject: this.#box.key,
      code,
      first: store.records.get(this.#box.id, generation, sequence)?.bytes ?? null,
      second: record.bytes,
      note: `generation ${generation}, record ${record.body.sequence}`,
      found_at: this.#now,
    });
    if (this.#quarantine !== null) return;
    this.#quarantine = code;
    store.boxes.quarantine(this.#box.id, code);
    log.warning("box quarantined", { box: this.#box.key, code });
  }

  /** One boot that signs a number twice is a liar; two boots are two devices or a rolled-back disk. */
  #conflictCode(record: Sealed<"record">, sequence: number): RefusalCode {
    const { store, environment } = this.#options;
    const stored = store.records.get(this.#box.id, record.body.generation, sequence);
    const before = stored && open("record", stored.bytes, { environment, signer: this.#box.key });
    const sameBoot = before?.ok && before.message.body.bootId === record.body.bootId;
    return sameBoot ? "equivocation" : "clone-suspected";
  }
}
