/** What a wallet's owner is told: balances, ledger lines, and what proves them. */
import { open } from "../accounting/envelope.ts";
import type { AccountKind, LedgerLine } from "../accounting/ledger-line.ts";
import type { Environment } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import { type Hash, type PublicKey, toBase64Url } from "../core/encoding.ts";
import { toUnixSeconds, unixSeconds } from "../core/units.ts";
import type { Policy } from "./policy.ts";
import { type Refusal, refuse } from "./refusal.ts";
import type { StatementOffice } from "./statements.ts";
import type { Store } from "./store/store.ts";

export interface WalletOfficeOptions {
  readonly store: Store;
  readonly environment: Environment;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly statements: StatementOffice;
}

/** JSON: amounts are decimal strings, since they pass 2^53. */
export interface WalletLine {
  readonly line: number;
  readonly entry: number;
  readonly kind: AccountKind;
  readonly amount: string;
  /** Hash of the record or play that earned it. */
  readonly source: Hash;
  readonly at: number;
  /** The signed play, base64url, where a play earned it. */
  readonly play?: string;
  /** Id of the split that the play was paid by (`GET /v1/splits/<id>`), and the price list. */
  readonly split?: Hash;
  readonly priceList?: number;
  /** Path to the statement's root; absent for a line that no statement covers yet. */
  readonly proof?: readonly Hash[];
}

export interface WalletAnswer {
  readonly ok: true;
  readonly wallet: PublicKey;
  readonly balances: { readonly household: string; readonly creator: string };
  readonly lines: readonly WalletLine[];
  /** The line to ask from next, when there are more. */
  readonly next?: number;
  readonly statement?: string;
  /** That the newest statement only added to the one before it. */
  readonly consistency?: { readonly from: string; readonly proof: readonly Hash[] };
  /** Boxes whose credits go to this wallet, and why one is held back. */
  readonly boxes: readonly { readonly box: PublicKey; readonly quarantine?: string }[];
}

const LINES_AT_ONCE = 500;
const KINDS = ["household", "creator"] as const;

export function createWalletOffice(options: WalletOfficeOptions) {
  const { store, statements } = options;

  /** Opens a signed request of a wallet's owner; each is good once. */
  function authenticate(
    signed: Uint8Array,
  ): { readonly ok: true; readonly wallet: PublicKey } | Refusal {
    const now = toUnixSeconds(options.clock.wallMs());
    const opened = open("wallet-request", signed, { environment: options.environment });
    if (!opened.ok) return refuse(opened.code, opened.detail);
    const { wallet, nonce, at } = opened.message.body;
    const window = options.policy.requestWindow / 1000;
    if (Math.abs(now - at) > window) return refuse("stale");
    if (!store.trust.spendNonce(nonce, unixSeconds(now + 2 * window))) return refuse("replayed");
    return { ok: true, wallet };
  }

  return {
    authenticate,
    /** @param from first line wanted; a wallet with many lines asks several times. */
    answer(signed: Uint8Array, from: number): WalletAnswer | Refusal {
      const asked = authenticate(signed);
      if (!asked.ok) return asked;
      const { wallet } = asked;
      const latest = statements.latest();
      const previous = latest && statements.get(latest.epoch - 1);
      const found = KINDS.flatMap((kind) =>
        store.ledger.linesOf({ kind, key: wallet }, from, LINES_AT_ONCE + 1),
      ).sort((a, b) => a.line - b.line);
      const lines = found.slice(0, LINES_AT_ONCE);
      const next = found[LINES_AT_ONCE]?.line;
      return {
        ok: true,
        wallet,
        balances: {
          household: `${store.ledger.balance({ kind: "household", key: wallet })}`,
          creator: `${store.ledger.balance({ kind: "creator", key: wallet })}`,
        },
        lines: lines.map((line) => proven(line, latest?.tree_size ?? 0)),
        ...(next !== undefined && { next }),
        ...(latest && { statement: toBase64Url(latest.bytes) }),
        ...(latest &&
          previous && {
            consistency: {
              from: toBase64Url(previous.bytes),
              proof: statements.consistencyProof(previous, latest),
            },
          }),
        boxes: store.boxes.ofWallet(wallet).map((box) => {
          const quarantine = store.boxes.get(box)?.quarantine;
          return { box, ...(quarantine && { quarantine }) };
        }),
      };
    },
  };

  function proven(
    { line, entry, account, amount, source, at }: LedgerLine,
    size: number,
  ): WalletLine {
    const play = account.kind === "creator" ? store.plays.byHash(source) : undefined;
    return {
      line,
      entry,
      kind: account.kind,
      amount: `${amount}`,
      source,
      at,
      ...(play && { play: toBase64Url(play.bytes) }),
      ...(play?.split && { split: play.split }),
      ...(typeof play?.price_list === "number" && { priceList: play.price_list }),
      ...(line < size && { proof: statements.inclusionProof(line, size) }),
    };
  }
}
