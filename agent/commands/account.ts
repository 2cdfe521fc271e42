/** A creator's or viewer's own account at the coordinator, asked for with the personal key. */
import { ExportWriter, type WrittenItem } from "../accounting/write-export.ts";
import type { Config } from "../config.ts";
import type { CoordinatorClient, WalletPage } from "../content/coordinator-client.ts";
import { onceOnly, walletPages } from "../content/wallet-pages.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { formatTokens } from "../core/quantity.ts";
import { systemRandom } from "../core/random.ts";
import { systemClock } from "../core/system-clock.ts";
import { toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { CommandContext, CommonOptions } from "./context.ts";
import { connectCoordinator, existingSigner } from "./identity.ts";

interface Account {
  readonly client: CoordinatorClient;
  readonly signer: Signer;
  readonly pages: AsyncGenerator<WalletPage>;
}

async function openAccount(config: Config, signal: AbortSignal): Promise<Account> {
  const signer = existingSigner(config);
  const client = await connectCoordinator(config, signal);
  const { environment } = config;
  const clock = systemClock;
  const options = { client, signer, environment, clock, random: systemRandom };
  return { client, signer, pages: walletPages(options, signal) };
}

/** `wallet --mine`: balances and the boxes that earn for this key. */
export async function showAccount(
  options: CommonOptions,
  config: Config,
  { signal, print }: CommandContext,
): Promise<void> {
  const { signer, pages } = await openAccount(config, signal);
  const { value } = await pages.next();
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
  const { client, signer, pages } = await openAccount(config, signal);
  const { environment } = config;
  const writer = new ExportWriter();
  const at = toUnixSeconds(systemClock.wallMs());
  yield writer.header({ environment, subject: signer.publicKey, at });
  const { prices: lists, successions } = await client.info(signal);
  for (const bytes of successions) yield writer.entry({ kind: "message", bytes });
  for (const prices of lists) yield writer.entry({ kind: "prices", prices });
  const isNew = onceOnly();
  for await (const { entries } of pages)
    for (const entry of entries.filter(isNew)) yield writer.entry(entry);
  yield writer.end();
}
