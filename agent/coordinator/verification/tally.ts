/**
 * The running sums of one transaction: tickets, day caps and ledger accounts are read once, changed
 * in memory, and written once at its end.
 */
import type { UsageRecord } from "../../accounting/messages.ts";
import { isRefusalCode, type RefusalCode } from "../../accounting/refusal.ts";
import type { Hash, PublicKey } from "../../core/encoding.ts";
import { type Bytes, bytes, type UnixSeconds } from "../../core/units.ts";
import { deliveryPostings } from "../ledger.ts";
import type { Policy } from "../policy.ts";
import type { PriceList } from "../price-list.ts";
import type { BoxRow } from "../store/box-rows.ts";
import type { Store } from "../store/store.ts";
import { householdLink } from "./household.ts";
import type { Judgement, TicketTerms } from "./judge.ts";

interface TicketState {
  proven: Bytes;
  paid: Bytes;
  readonly unpaid: RefusalCode | undefined;
  readonly terms: TicketTerms;
}

export type Tally = ReturnType<typeof createTally>;

export interface TallyOptions {
  readonly store: Store;
  readonly fleet: string;
  readonly prices: ReadonlyMap<number, PriceList>;
  readonly policy: Policy;
}

const DAY_S = 86_400;

export function createTally(options: TallyOptions, now: UnixSeconds) {
  const { store, policy } = options;
  const day = Math.floor(now / DAY_S);
  const ledger = store.ledger.appender(now);
  const tickets = new Map<Hash, TicketState>();
  const pairs = new Map<string, { before: number; added: number; terms: TicketTerms }>();
  const viewers = new Map<PublicKey, number>();
  const credited = new Map<number, { bytes: number; tokens: bigint }>();

  const pairOf = (terms: TicketTerms) => {
    const name = `${terms.viewer} ${terms.box}`;
    const before = () => store.tickets.pairUsage(day, terms.viewer, terms.box);
    const pair = pairs.get(name) ?? { before: before(), added: 0, terms };
    pairs.set(name, pair);
    return pair;
  };
  const viewerUsage = (viewer: PublicKey) => {
    const known = viewers.get(viewer) ?? store.tickets.viewerUsage(day, viewer);
    viewers.set(viewer, known);
    return known;
  };

  return {
    /** A ticket's state before the next record, in or out of this transaction. */
    ticket(hash: Hash, terms: TicketTerms, box: BoxRow): TicketState {
      const known = tickets.get(hash);
      if (known) return known;
      const row = store.tickets.get(hash) ?? keepAgain(store, hash, terms);
      if (!row) throw new Error(`ticket ${hash} was verified but not kept`);
      const stored = row.unpaid !== null && isRefusalCode(row.unpaid) ? row.unpaid : undefined;
      const unpaid = stored ?? doubt(box, terms, store, policy, now);
      if (unpaid && !stored) store.tickets.setUnpaid(hash, unpaid);
      const state = { proven: row.proven_bytes, paid: row.paid_bytes, unpaid, terms };
      tickets.set(hash, state);
      return state;
    },
    creditedBytes: (box: BoxRow) => bytes(box.credited_bytes + (credited.get(box.id)?.bytes ?? 0)),
    /** What the day's caps leave for this viewer, from this box and from all. */
    capLeft(terms: TicketTerms): Bytes {
      const pair = pairOf(terms);
      return bytes(
        Math.min(
          policy.pairBytesPerDay - pair.before - pair.added,
          policy.viewerBytesPerDay - viewerUsage(terms.viewer),
        ),
      );
    },
    /** Moves the ticket on and posts what is payable. */
    pay(hash: Hash, box: BoxRow, judgement: Judgement, source: Hash) {
      const state = tickets.get(hash);
      if (!state) throw new Error(`ticket ${hash} is not in this tally`);
      state.proven = judgement.proven;
      if (judgement.payable === 0) return;
      const prices = options.prices.get(state.terms.priceList);
      if (!prices) throw new Error(`no price list ${state.terms.priceList}`);
      const before = state.paid;
      state.paid = bytes(before + judgement.payable);
      const { fleet } = options;
      const household = { kind: "household" as const, key: box.wallet };
      const postings = deliveryPostings({ before, proven: state.paid, household, fleet, prices });
      ledger.add(postings, source);
      pairOf(state.terms).added += judgement.payable;
      viewers.set(state.terms.viewer, viewerUsage(state.terms.viewer) + judgement.payable);
      const earned = postings.find(({ account }) => account === household)?.amount ?? 0n;
      const sum = credited.get(box.id) ?? { bytes: 0, tokens: 0n };
      credited.set(box.id, {
        bytes: sum.bytes + judgement.payable,
        tokens: sum.tokens + earned,
      });
    },
    /** A viewer that left with a window unsigned gets a strike from this box; a fair one loses it. */
    behaviour(viewer: PublicKey, box: BoxRow, record: UsageRecord, proven: Bytes) {
      if (record.closeReason === "window-exceeded") store.trust.strike(viewer, box.key, now);
      else if (record.closeReason === "done" && proven > 0) store.trust.pardon(viewer, box.key);
    },
    finish() {
      for (const [hash, state] of tickets)
        store.tickets.noteProgress(hash, state.proven, state.paid);
      for (const { added, terms } of pairs.values()) {
        if (added > 0) store.tickets.addUsage(day, terms.viewer, terms.box, added);
      }
      for (const [id, { bytes: amount, tokens }] of credited) {
        store.boxes.addCredit(id, amount, tokens);
      }
      ledger.finish();
    },
  };
}

/** A ticket that was forgotten because nobody had used it, and whose first record has come after all. */
function keepAgain(store: Store, hash: Hash, terms: TicketTerms) {
  store.tickets.add(hash, terms, undefined);
  return store.tickets.get(hash);
}

/** Why what this box serves to this viewer is not paid. */
function doubt(
  box: BoxRow,
  terms: TicketTerms,
  store: Store,
  policy: Policy,
  now: UnixSeconds,
): RefusalCode | undefined {
  const since = now - policy.sightingDays * DAY_S;
  const link = householdLink({
    box: box.key,
    boxWallet: box.wallet,
    viewer: terms.viewer,
    viewerWallet: store.boxes.get(terms.viewer)?.wallet,
    sharedNetworks: store.trust.sharedNetworks(box.key, terms.viewer, since),
    maxBoxes: policy.householdMaxBoxes,
  });
  if (link) return "same-household";
  return store.trust.inOneRing(box.key, terms.viewer, now) ? "ring-suspected" : undefined;
}
