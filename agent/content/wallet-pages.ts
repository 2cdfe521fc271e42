import { seal } from "../accounting/envelope.ts";
import type { Environment } from "../accounting/messages.ts";
import type { ExportEntry } from "../accounting/write-export.ts";
import type { Clock } from "../core/clock.ts";
import { type Hash, type Id, sha256, toHex } from "../core/encoding.ts";
import type { Random } from "../core/random.ts";
import { toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { CoordinatorClient, WalletPage } from "./coordinator-client.ts";

export interface WalletAsker {
  /** The wallet's own key: nobody else is told of it. */
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly random: Random;
}

export interface WalletOptions extends WalletAsker {
  readonly client: Pick<CoordinatorClient, "wallet">;
}

/** What shows the coordinator that a wallet's holder asks; good for one time. */
export const walletRequest = ({ signer, environment, clock, random }: WalletAsker) =>
  seal(
    "wallet-request",
    {
      wallet: signer.publicKey,
      nonce: toHex(random.bytes(16)) as Id,
      at: toUnixSeconds(clock.wallMs()),
    },
    signer,
    environment,
  );

/** A wallet's whole account from the coordinator, page by page. Throws what the client throws. */
export async function* walletPages(
  { client, ...asker }: WalletOptions,
  signal?: AbortSignal,
): AsyncGenerator<WalletPage> {
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: WalletPage = await client.wallet(walletRequest(asker), from, signal);
    yield page;
    from = page.next;
  }
}

export interface AccountOptions extends WalletAsker {
  readonly client: Pick<CoordinatorClient, "wallet" | "split">;
}

/**
 * A wallet's whole account as an export holds it: with the splits that its plays were paid by, which
 * are asked for once each. `isNew` decides on every entry. Throws what the client throws.
 */
export async function* accountEntries(
  options: AccountOptions,
  isNew: (entry: ExportEntry) => boolean,
  signal?: AbortSignal,
): AsyncGenerator<ExportEntry> {
  const asked = new Set<Hash>();
  for await (const { entries } of walletPages(options, signal)) {
    for (const entry of entries) {
      if (entry.kind === "terms" && !asked.has(entry.terms.split)) {
        asked.add(entry.terms.split);
        const signed = await options.client.split(entry.terms.split, signal);
        yield* signed.map((bytes) => ({ kind: "message", bytes }) as const).filter(isNew);
      }
      if (isNew(entry)) yield entry;
    }
  }
}

/** Lets each message through once: every page of a wallet brings its statements anew. */
export function onceOnly(): (entry: ExportEntry) => boolean {
  const seen = new Set<Hash>();
  return (entry) => {
    if (entry.kind !== "message") return true;
    const hash = sha256(entry.bytes);
    if (seen.has(hash)) return false;
    seen.add(hash);
    return true;
  };
}
