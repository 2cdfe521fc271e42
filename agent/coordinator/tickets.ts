/** Answers a viewer's "who has it?" with tickets: one for each box it may ask, and one for the origin. */
import { open, seal } from "../accounting/envelope.ts";
import { EXPIRES_WITHIN_S, SETTLE_WITHIN_S, START_WITHIN_S } from "../accounting/limits.ts";
import type { Environment, Sealed, Ticket, TicketRequest } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import { type Hash, type Id, type PublicKey, toHex } from "../core/encoding.ts";
import type { Random } from "../core/random.ts";
import { type Bytes, bytes, toUnixSeconds, type UnixSeconds, unixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { addDemand } from "./demand.ts";
import { type Candidate, chooseBoxes } from "./matching.ts";
import type { Policy } from "./policy.ts";
import { reachedOf } from "./reach.ts";
import { type Refusal, refuse } from "./refusal.ts";
import type { Holder } from "./store/box-rows.ts";
import type { Store } from "./store/store.ts";
import type { TitleRow } from "./store/title-rows.ts";

export interface Grant {
  readonly addresses: readonly string[];
  readonly ticket: Sealed<"ticket">;
}

export type Granted =
  | { readonly ok: true; readonly boxes: readonly Grant[]; readonly origin: Grant }
  | Refusal;

export interface TicketOfficeOptions {
  readonly store: Store;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: Random;
  readonly priceList: number;
  /** Base URLs of the origin's peer server. */
  readonly originAddresses: readonly string[];
  /** True where only addresses count that answered the coordinator. */
  readonly checksReach: boolean;
}

const DAY_S = 86_400;

export function createTicketOffice(options: TicketOfficeOptions) {
  const { store, policy, clock, random } = options;

  /** @param network the hidden name of the network the request came from, where it is public. */
  return function grant(signed: Uint8Array, network: string | undefined): Granted {
    const now = toUnixSeconds(clock.wallMs());
    const opened = open("ticket-request", signed, { environment: options.environment });
    if (!opened.ok) return refuse(opened.code, opened.detail);
    const request = opened.message.body;
    const { viewer } = request;
    if (viewer === options.signer.publicKey) return refuse("wrong-viewer");
    const window = policy.requestWindow / 1000;
    if (Math.abs(now - request.at) > window) return refuse("stale");
    return store.transaction(() => {
      if (!store.trust.spendNonce(request.nonce, unixSeconds(now + 2 * window))) {
        return refuse("replayed");
      }
      if (network) store.trust.see(viewer, network, now);
      const title = store.titles.get(request.title);
      if (!title || title.complete === 0) return refuse("unknown-title");
      if (title.takedown !== null) return refuse("taken-down");
      if (store.trust.strikes(viewer, now - DAY_S) >= policy.viewerStrikes) {
        return refuse("viewer-refused");
      }
      if (store.boxes.get(viewer)?.quarantine) return refuse("quarantined");
      const openTickets = store.tickets.openOf(viewer, now).tickets;
      if (openTickets >= policy.maxOpenTickets) return refuse("throttled", "too many open tickets");
      noteComplaints(request, now);
      addDemand(store, title.title, now);
      return issue(request, title, now);
    });
  };

  /** Only of boxes that the viewer did get a ticket for, or anyone could talk about anyone. */
  function noteComplaints({ viewer, avoid }: TicketRequest, now: UnixSeconds) {
    for (const { box, reason } of avoid) {
      if (reason !== "used-up" && store.tickets.hadTicket(viewer, box, now - DAY_S)) {
        store.trust.complain(box, viewer, reason, now);
      }
    }
  }

  function issue(request: TicketRequest, title: TitleRow, now: UnixSeconds): Granted {
    const { viewer } = request;
    const since = now - policy.complaintWindow / 1000;
    const garbling = store.trust.complainedAbout("garbled", since, policy.garbledViewers);
    const chosen = chooseBoxes(
      store.boxes.holders(title.title, now, policy.onlyPlaced).map((holder) => candidate(holder)),
      {
        wanted: request.boxes,
        avoid: new Set([...request.avoid, ...garbling].map(({ box }) => box).concat(viewer)),
        household: householdOf(viewer, now),
      },
      random,
    );
    const size = ticketBytes(viewer, title, now);
    const boxes = chosen.map(({ box, addresses, tlsKey }) => ({
      addresses: addresses.slice(0, 16),
      ticket: ticketFor(box, viewer, title, size, now, tlsKey),
    }));
    const origin = ticketFor(options.signer.publicKey, viewer, title, policy.ticketBytes, now);
    return { ok: true, boxes, origin: { addresses: options.originAddresses, ticket: origin } };
  }

  function candidate(holder: Holder): Candidate {
    const known = JSON.parse(holder.addresses) as string[];
    const addresses = options.checksReach ? (reachedOf(holder) ?? []) : known;
    const { key: box, rate, permille, promised } = holder;
    return { box, addresses, rate, permille, promised, tlsKey: holder.tls_key ?? undefined };
  }

  /** Boxes that would not be paid for serving this viewer are not sent to it either. */
  function householdOf(viewer: PublicKey, now: UnixSeconds): ReadonlySet<PublicKey> {
    const near = store.trust.neighbours(viewer, now - policy.sightingDays * DAY_S);
    const wallet = store.boxes.get(viewer)?.wallet ?? viewer;
    return new Set([...near, ...store.boxes.ofWallet(wallet)]);
  }

  /** A viewer who has signed for something before gets the full size. */
  function ticketBytes(viewer: PublicKey, title: TitleRow, now: UnixSeconds): Bytes {
    const known = store.boxes.get(viewer) || store.tickets.hasProven(viewer, now - 30 * DAY_S);
    const limit = known ? policy.ticketBytes : policy.strangerTicketBytes;
    // Room for chunks that had to be fetched twice.
    return bytes(Math.min(limit, Math.ceil(title.size * 1.25) + 1_048_576));
  }

  function ticketFor(
    box: PublicKey,
    viewer: PublicKey,
    title: TitleRow,
    maxBytes: Bytes,
    now: UnixSeconds,
    tlsKey?: Hash,
  ): Sealed<"ticket"> {
    const body: Ticket = {
      id: toHex(random.bytes(16)) as Id,
      box,
      viewer,
      title: title.title,
      split: title.split,
      priceList: options.priceList,
      maxBytes,
      notBefore: now,
      startBy: unixSeconds(now + START_WITHIN_S),
      expires: unixSeconds(now + EXPIRES_WITHIN_S),
      settleBy: unixSeconds(now + SETTLE_WITHIN_S),
      ...(tlsKey && { tlsKey }),
    };
    const ticket = seal("ticket", body, options.signer, options.environment);
    store.tickets.add(ticket.hash, body, undefined);
    return ticket;
  }
}
