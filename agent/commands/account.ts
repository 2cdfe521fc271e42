/** A creator's or viewer's own account at the coordinator, asked for with the personal key. */
import { ExportWriter, type WrittenItem } from "../accounting/write-export.ts";
import type { Config } from "../config.ts";
import type { CoordinatorClient, WalletPage } from "../content/coordinator-client.ts";
import {
  accountEntries,
  onceOnly,
  type WalletAsker,
  walletPages,
} from "../content/wallet-pages.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { formatTokens } from "../core/quantity.ts";
import { systemRandom } from "../core/random.ts";
import { systemClock } from "../core/system-clock.ts";
import { toUnixSeconds } from "../core/units.ts";
import type { CommandContext, CommonOptions } from "./context.ts";
import { connectCoordinator, existingSigner } from "./identity.ts";

interface Account extends WalletAsker {
  readonly client: CoordinatorClient;
}

async function openAccount(config: Config, signal: AbortSignal): Promise<Account> {
  const signer = existingSigner(config);
  const client = await connectCoordinator(config, signal);
  const { environment } = config;
  return { client, signer, environment, clock: systemClock, random: systemRandom };
}

/** `wallet --mine`: balances and the boxes that earn for this key. */
export async function showAccount(
  options: CommonOptions,
  config: Config,
  { signal, print }: CommandContext,
): Promise<void> {
  const account = await openAccount(config, signal);
  const { signer } = account;
  const { value } = await walletPages(account, signal).next();
  if (!value) throw new OperatorError(exitCode.unavailable, "the coordinator told nothing");
  const { balances, boxes } = value as WalletPage;
  const { household, creator } = balances;
  if (options.json) {
    const told = {
      wallet: signer.publicKey,
      household: `${household}`,
      creator: `${creator}`,
      boxes,
    };
    print(JSON.stringify(told));
    return;
  }
  print(
    `${formatTokens(creator)} tokens as a creator, ${formatTokens(household)} tokens from boxes`,
  );
  print(`wallet ${signer.publicKey}`);
  for (const { box, quarantine } of boxes)
    print(`box    ${box}${quarantine === undefined ? "" : `, held back: ${quarantine}`}`);
}

/** `export --mine`: the account's lines, with the plays and statements that prove them. */
export async function* exportAccount(
  config: Config,
  signal: AbortSignal,
): AsyncGenerator<WrittenItem> {
  const account = await openAccount(config, signal);
  const { client, signer, environment } = account;
  const writer = new ExportWriter();
  const at = toUnixSeconds(systemClock.wallMs());
  yield writer.header({ environment, subject: signer.publicKey, at });
  const { prices: lists, successions } = await client.info(signal);
  for (const bytes of successions) yield writer.entry({ kind: "message", bytes });
  for (const prices of lists) yield writer.entry({ kind: "prices", prices });
  for await (const entry of accountEntries(account, onceOnly(), signal)) yield writer.entry(entry);
  yield writer.end();
}
