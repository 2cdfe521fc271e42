/**
 * Viewers that never stop, and what they know: how much they signed for each ticket, and how much of
 * that a box is known to have got. One stays with its ticket while boxes die and come back.
 */
import type { Sealed } from "../../agent/accounting/messages.ts";
import { BoxLink } from "../../agent/content/box-link.ts";
import type { Grant } from "../../agent/content/coordinator-client.ts";
import type { Hash, PublicKey } from "../../agent/core/encoding.ts";
import type { Random } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import { createSigner, type Signer } from "../../agent/identity/ed25519.ts";
import { type Deployment, environment, ticketsFor } from "./deployment.ts";

export interface TicketNotes {
  readonly box: PublicKey;
  /** The highest amount in any receipt that was signed for it, sent or not. */
  signed: number;
  /** The highest amount that the box said it got. */
  arrived: number;
}

export class ViewerLog {
  readonly tickets = new Map<Hash, TicketNotes>();
  /** Answers and what they came to, for the report. */
  readonly outcomes = new Map<string, number>();

  count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  total(of: "signed" | "arrived"): number {
    return [...this.tickets.values()].reduce((sum, notes) => sum + notes[of], 0);
  }
}

/** A ticket with less left than this is used up. */
const LARGEST_FILE = 64 * 1024;
const PAUSE_MS = 40;
const RETRY_MS = 150;
/** Failures in a row after which a viewer leaves a box. */
const PATIENCE = 40;

/** Fetches as one person after another until the signal aborts. */
export async function watchForEver(
  deployment: Deployment,
  log: ViewerLog,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const signer = createSigner(random.bytes(32));
    const grants = await askForTickets(deployment, signer, random);
    if (grants.length === 0) await systemClock.sleep(milliseconds(RETRY_MS), signal);
    await Promise.all(
      grants.map((grant) => useTicket(deployment.title, grant, signer, log, random, signal)),
    );
  }
}

async function askForTickets(
  { client, title }: Deployment,
  signer: Signer,
  random: Random,
): Promise<readonly Grant[]> {
  try {
    return await ticketsFor(client, title, signer, random);
  } catch {
    // The coordinator is dead at the moment.
    return [];
  }
}

async function useTicket(
  title: Sealed<"manifest">,
  grant: Grant,
  signer: Signer,
  log: ViewerLog,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const notes: TicketNotes = { box: grant.ticket.body.box, signed: 0, arrived: 0 };
  log.tickets.set(grant.ticket.hash, notes);
  const link = new BoxLink({
    grant,
    manifest: title.body,
    signer,
    environment,
    clock: systemClock,
  });
  const note = () => {
    // Nothing is signed that is not noted before it can reach a box: `newest` signs what is new.
    notes.signed = link.receipts.newest()?.body.bytes ?? 0;
    if (!link.receipts.open) notes.arrived = notes.signed;
  };
  const listener = { deliver: async () => {}, onBytes: () => {} };
  let failures = 0;
  while (!signal.aborted && failures < PATIENCE && link.allowance >= LARGEST_FILE) {
    const file = Math.floor(random.unit() * title.body.files.length);
    const outcome = await link.fetchRun({ file, first: 0, after: 1 }, listener, signal);
    log.count(outcome.kind);
    note();
    if (outcome.kind === "ticket-refused") return;
    failures = outcome.kind === "done" ? 0 : failures + 1;
    if (outcome.kind === "receipts-due" || random.unit() < 0.5) await link.postReceipt(signal);
    note();
    const pause = outcome.kind === "done" ? PAUSE_MS : RETRY_MS;
    await systemClock.sleep(milliseconds(pause * 2 * random.unit()), signal);
  }
  await link.postReceipt(AbortSignal.timeout(1000));
  note();
}
