/** Whether the ledger lines of an export pay what its receipts earn, ticket by ticket. */
import type { Hash } from "../core/encoding.ts";
import { bytes, type MicroTokens, microTokens } from "../core/units.ts";
import type { Evidence } from "./evidence.ts";
import type { ExportContents } from "./export-contents.ts";
import type { PublishedPrices } from "./export-format.ts";
import { chainOf, nameOf } from "./export-proofs.ts";
import type { LedgerLine } from "./ledger-line.ts";
import type { Sealed } from "./messages.ts";
import { creditOf } from "./ticket-use.ts";

/** 1 MiB, the unit that prices are per. */
const MEBIBYTE = 1_048_576n;

/** What a ticket has earned its household after so many verified bytes, rounded down once. */
const earnedAfter = (prices: PublishedPrices, verified: number) =>
  (BigInt(verified) * prices.householdPerMebibyte) / MEBIBYTE;

/** What is known of one ticket so far. */
interface TicketAccount {
  proven: number;
  paid: bigint;
  /** A record was refused with a code, or found to be short: later ones may lack as much. */
  excused: boolean;
}

/**
 * Compares what each ticket's receipts have earned so far with the lines that pay for its records.
 * Records that were refused with a code, or that no later statement covers yet, may be unpaid.
 */
export function checkPayouts(
  contents: ExportContents,
  complete: ReadonlySet<string>,
  statements: ReadonlyMap<number, Sealed<"statement">>,
): void {
  const answerTo = createAnswers(contents, statements);
  const paid = sumBySource(contents.lines.map(({ value }) => value.line));
  const accounts = new Map<Hash, TicketAccount>();
  for (const { item, value } of contents.evidence) {
    const { ticket, record, proven } = value;
    const account = accounts.get(ticket.hash) ?? { proven: 0, paid: 0n, excused: false };
    accounts.set(ticket.hash, account);
    const got = paid.get(record.hash) ?? 0n;
    const answer = answerTo(value);
    account.proven += creditOf(bytes(account.proven), proven, ticket.body.maxBytes);
    account.paid += got;
    account.excused ||= answer === "refused";
    const prices = contents.prices.get(ticket.body.priceList);
    if (!prices || !complete.has(record.body.box)) continue;
    const earned = earnedAfter(prices, account.proven);
    const text = `the ticket was paid ${account.paid}, its receipts earn ${earned}`;
    if (account.paid > earned) contents.find(item, nameOf(value), "overpaid", text);
    if (account.paid < earned && answer === "due" && !account.excused) {
      contents.find(item, nameOf(value), got === 0n ? "left-out" : "underpaid", text);
      account.excused = true;
    }
  }
}

function sumBySource(lines: readonly LedgerLine[]): ReadonlyMap<Hash, MicroTokens> {
  const sums = new Map<Hash, MicroTokens>();
  for (const { account, source, amount } of lines) {
    if (account.kind !== "household") continue;
    sums.set(source, microTokens((sums.get(source) ?? 0n) + amount));
  }
  return sums;
}

/**
 * Tells how a record was answered: `due` when an ack covers it without a refusal and a statement was
 * closed since. Looks things up by chain, as a household may have millions of records.
 */
function createAnswers(
  contents: ExportContents,
  statements: ReadonlyMap<number, Sealed<"statement">>,
): (evidence: Evidence) => "due" | "refused" | "pending" {
  const refused = new Set<string>();
  const answered = new Map<string, readonly { readonly upTo: number; readonly at: number }[]>();
  for (const [chain, acks] of Map.groupBy(contents.acks, ({ value }) => chainOf(value.body))) {
    const inOrder = acks.map(({ value }) => value.body).toSorted((a, b) => a.upTo - b.upTo);
    answered.set(chain, inOrder);
    for (const ack of inOrder) {
      for (const { sequence } of ack.refused) refused.add(`${chain} ${sequence}`);
    }
  }
  const closings = [...statements.values()].map(({ body }) => body.closedAt);
  const lastClosed = closings.reduce((last, at) => Math.max(last, at), 0);
  return ({ record }) => {
    const chain = chainOf(record.body);
    const { sequence } = record.body;
    if (refused.has(`${chain} ${sequence}`)) return "refused";
    const ack = firstCovering(answered.get(chain) ?? [], sequence);
    return ack !== undefined && ack.at < lastClosed ? "due" : "pending";
  };
}

/** The first of the acks, in the order of `upTo`, that reaches the sequence. */
function firstCovering<A extends { readonly upTo: number }>(acks: readonly A[], sequence: number) {
  let [low, high] = [0, acks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((acks[middle]?.upTo ?? 0) < sequence) low = middle + 1;
    else high = middle;
  }
  return acks[low];
}
