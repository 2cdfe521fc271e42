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
