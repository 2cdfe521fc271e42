/**
 * Plays that creators are paid for. A play counts when it was long enough, its id is new, the viewer
 * could have played it (receipts of that viewer for that title back it), and limits are kept.
 */
import { open } from "../accounting/envelope.ts";
import { SETTLE_WITHIN_S } from "../accounting/limits.ts";
import type { Environment, Play, Sealed } from "../accounting/messages.ts";
import type { RefusalCode } from "../accounting/refusal.ts";
import type { Clock } from "../core/clock.ts";
import { toUnixSeconds, type UnixSeconds } from "../core/units.ts";
import { playPostings } from "./ledger.ts";
import { type BackedPlay, isBacked } from "./play-backing.ts";
import type { Policy } from "./policy.ts";
import type { PriceList } from "./price-list.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { FIRST_PENDING, type PlayRow } from "./store/play-rows.ts";
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
/** Plays further apart than this have no bytes in common, nor through others between them to speak of. */
const BACKING_DAYS = 2;
/** The viewer's clock may be ahead by this much. */
const SKEW_S = 120;
/** Bytes that must be proven for each second played: 64 kbit/s, which any real recording exceeds. */
const BYTES_PER_SECOND = 8_000;
/** How many plays one look at the waiting ones takes. */
const PENDING_BATCH = 1_000;
const DAY_S = 86_400;

export function createPlayOffice(options: PlayOfficeOptions) {
  const { store, policy, clock } = options;
  let looked = FIRST_PENDING;
  return {
    /** Takes a signed play in; the same one again gets the same answer. */
    receive(signed: Uint8Array): PlayAnswer {
      const opened = open("play", signed, { environment: options.environment });
      if (!opened.ok) return refuse(opened.code, opened.detail);
      const now = toUnixSeconds(clock.wallMs());
      return store.transaction(() => take(opened.message, now));
    },

    /**
     * Looks again at plays whose receipts had not come in, each call at the next ones, so that those
     * that are never backed hold nobody else's back. Returns how many qualified now.
     */
    settlePending(limit = PENDING_BATCH): number {
      const now = toUnixSeconds(clock.wallMs());
      return store.transaction(() => {
        const waiting = store.plays.pending(looked, limit);
        const last = waiting.at(-1);
        looked = last && waiting.length === limit ? last.place : FIRST_PENDING;
        return waiting.filter(({ play }) => settle(play, now)).length;
      });
    },
  };

  function take({ body, hash, bytes }: Sealed<"play">, now: UnixSeconds): PlayAnswer {
    const known = store.plays.get(body.id);
    if (known && known.hash !== hash) return refuse("replayed");
    if (known) return answer(known.state === "qualified", known.code);
    const title = store.titles.get(body.title);
    if (!title) return refuse("unknown-title");
    const code = objection(body, now);
    const whole = Math.ceil((body.played / 1000) * BYTES_PER_SECOND);
    // At least a byte: of a title without any nothing can have been delivered.
    const needed = Math.max(1, Math.min(title.size, whole));
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
    const parallel = store.plays.overlapping(play.viewer, play.startedAt, end);
    const over = parallel >= policy.maxParallelPlays || playedOut(play);
    return over ? "over-cap" : undefined;
  }

  /** Has the viewer played the title as often around that time as is paid for? */
  function playedOut({ viewer, title, startedAt }: Pick<Play, "viewer" | "title" | "startedAt">) {
    const plays = store.plays.qualified(viewer, title, startedAt - DAY_S, startedAt + DAY_S);
    return plays.length >= policy.maxPlaysPerTitleAndDay;
  }

  /** Qualifies a waiting play once enough bytes are proven that no other play stands on. */
  function settle(row: PlayRow, now: UnixSeconds): boolean {
    const play = backingOf(row);
    if (!isBacked(play, ...near(row))) {
      if (now > row.received_at + SETTLE_WITHIN_S) {
        store.plays.decide(row.id, "refused", "play-not-served");
      }
      return false;
    }
    // Others may have qualified while it waited.
    if (playedOut({ ...row, startedAt: row.started_at })) {
      store.plays.decide(row.id, "refused", "over-cap");
      return false;
    }
    store.plays.decide(row.id, "qualified", undefined);
    pay(row, play.from, play.to, now);
    return true;
  }

  /** The plays that may stand on the same bytes, and what was delivered in their time. */
  function near({ viewer, title, started_at: at }: PlayRow) {
    const plays = store.plays
      .qualified(viewer, title, at - BACKING_DAYS * DAY_S, at + BACKING_DAYS * DAY_S)
      .map(backingOf);
    const earliest = Math.min(at, ...plays.map(({ from }) => from)) - FETCHED_AHEAD_S;
    const latest = at + (BACKING_DAYS + 1) * DAY_S;
    return [plays, store.tickets.delivered(viewer, title, earliest, latest)] as const;
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
    store.plays.notePaid(row.id, split.split, prices.id);
  }
}

const backingOf = (
  row: Pick<PlayRow, "started_at" | "played_ms" | "needed_bytes">,
): BackedPlay => ({
  from: row.started_at - FETCHED_AHEAD_S,
  to: row.started_at + Math.ceil(row.played_ms / 1000),
  needed: row.needed_bytes,
});

const answer = (qualified: boolean, code: string | null | undefined): PlayAnswer => ({
  ok: true,
  qualified,
  ...(code && { code }),
});
