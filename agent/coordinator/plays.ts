/**
 * Plays that creators are paid for. A play counts when it was long enough, its id is new, the viewer
 * could have played it (receipts of that viewer for that title back it), and limits are kept.
 */
import { open } from "../accounting/envelope.ts";
import type { Environment, Play, Sealed } from "../accounting/messages.ts";
import type { RefusalCode } from "../accounting/refusal.ts";
import { SETTLE_WITHIN_S } from "../accounting/schema.ts";
import type { Clock } from "../core/clock.ts";
import { toUnixSeconds, type UnixSeconds } from "../core/units.ts";
import { playPostings } from "./ledger.ts";
import type { Policy } from "./policy.ts";
import type { PriceList } from "./price-list.ts";
import { type Refusal, refuse } from "./refusal.ts";
import type { PlayRow } from "./store/play-rows.ts";
import type { Store } from "./store/store.ts";

export interface PlayOfficeOptions {
  readonly store: Store;
  readonly environment: Environment;
  readonly fleet: string;
  readonly prices: ReadonlyMap<number, PriceList>;
  readonly policy: Policy;
  readonly clock: Clock;
}

export type PlayAnswer =
  | { readonly ok: true; readonly qualified: boolean; readonly code?: string }
  | Refusal;

/** Tickets may be this much older than the play they serve, as chunks are fetched ahead or cached. */
const FETCHED_AHEAD_S = 12 * 3600;
/** The viewer's clock may be ahead by this much. */
const SKEW_S = 120;
/** Bytes that must be proven for each second played: 64 kbit/s, which any real recording exceeds. */
const BYTES_PER_SECOND = 8_000;
/** How many plays one look at the waiting ones takes. */
const PENDING_BATCH = 1_000;
const DAY_S = 86_400;

export function createPlayOffice(options: PlayOfficeOptions) {
  const { store, policy, clock } = options;
  return {
    /** Takes a signed play in; the same one again gets the same answer. */
    receive(signed: Uint8Array): PlayAnswer {
      const opened = open("play", signed, { environment: options.environment });
      if (!opened.ok) return refuse(opened.code, opened.detail);
      const now = toUnixSeconds(clock.wallMs());
      return store.transaction(() => take(opened.message, now));
    },

    /** Looks again at plays whose receipts had not come in; returns how many qualified now. */
    settlePending(): number {
      const now = toUnixSeconds(clock.wallMs());
      return store.transaction(
        () => store.plays.pending(PENDING_BATCH).filter((row) => settle(row, now)).length,
      );
    },
  };

  function take({ body, hash, bytes }: Sealed<"play">, now: UnixSeconds): PlayAnswer {
    const known = store.plays.get(body.id);
    if (known && known.hash !== hash) return refuse("replayed");
    if (known) return answer(known.state === "qualified", known.code);
    const title = store.titles.get(body.title);
    if (!title) return refuse("unknown-title");
    const code = objection(body, now);
    const needed = Math.min(title.size, Math.ceil((body.played / 1000) * BYTES_PER_SECOND));
    const state = code ? "refused" : "pending";
    store.plays.add(body, hash, bytes, { needed, state, code, at: now });
    const row = store.plays.get(body.id);
    const qualified = row?.state === "pending" && settle(row, now);
    return answer(qualified, code ?? (qualified ? undefined : "play-not-served"));
  }

  /** What is wrong with the play itself, whoever served it. */
  function objection(play: Play, now: UnixSeconds): RefusalCode | undefined {
    const end = play.startedAt + play.played / 1000;
    if (play.played < policy.minPlay) return "play-too-short";
    if (end > now + SKEW_S || play.startedAt < now - SETTLE_WITHIN_S) return "stale";
    const { viewer, title, startedAt } = play;
    if (store.plays.overlapping(viewer, startedAt, end) >= policy.maxParallelPlays) {
      return "over-cap";
    }
    const { plays } = store.plays.backed(viewer, title, startedAt - DAY_S, startedAt + DAY_S);
    return plays >= policy.maxPlaysPerTitleAndDay ? "over-cap" : undefined;
  }

  /** Qualifies a waiting play once enough bytes are proven that no other play stands on. */
  function settle(row: PlayRow, now: UnixSeconds): boolean {
    const from = row.started_at - FETCHED_AHEAD_S;
    const to = row.started_at + Math.ceil(row.played_ms / 1000);
    const proven = store.tickets.provenBytes(row.viewer, row.title, from, to);
    const used = store.plays.backed(row.viewer, row.title, from, to).bytes;
    if (proven - used < row.needed_bytes) {
      if (now > row.received_at + SETTLE_WITHIN_S) {
        store.plays.decide(row.id, "refused", "play-not-served");
      }
      return false;
    }
    store.plays.decide(row.id, "qualified", undefined);
    pay(row, from, to, now);
    return true;
  }

  /** The split and price list are those of the ticket that brought the bytes, not today's. */
  function pay(row: PlayRow, from: number, to: number, now: UnixSeconds) {
    const ticket = store.tickets.splitOf(row.viewer, row.title, from, to);
    const split = ticket && store.titles.split(ticket.split);
    const prices = ticket && options.prices.get(ticket.price_list);
    if (!split || !prices) throw new Error(`play ${row.id} has no split or price list to pay by`);
    const ledger = store.ledger.appender(now);
    ledger.add(playPostings(split.parties, options.fleet, prices), row.hash);
    ledger.finish();
  }
}

const answer = (qualified: boolean, code: string | null | undefined): PlayAnswer => ({
  ok: true,
  qualified,
  ...(code && { code }),
});
