/**
 * Everything of a box that an auditor needs: its records with their receipts, the coordinator's acks,
 * the household's consent, and from the coordinator the ledger lines with what proves them. Without
 * the coordinator, what the box has itself.
 */
import { join } from "node:path";
import { type ExportEntry, ExportWriter, type WrittenItem } from "../accounting/write-export.ts";
import type { Config } from "../config.ts";
import { accountEntries, onceOnly } from "../content/wallet-pages.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { Journal } from "../journal/journal.ts";
import type { CoordinatorContact } from "./coordinator-contact.ts";
import { readSignedFile } from "./signed-file.ts";
import { statementFile } from "./statement-watch.ts";

export interface BoxExportOptions {
  readonly config: Pick<Config, "environment" | "box.state_dir">;
  readonly signer: Signer;
  /** Where the box's pay goes; its account is only told to whoever has its key. */
  readonly wallet: PublicKey;
  readonly sharing: {
    readonly journal: Pick<Journal, "commit" | "records" | "acks">;
    readonly contact: Pick<CoordinatorContact, "client">;
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Where the household's word stands, signed by the box. */
export const consentFile = (stateDirectory: string) => join(stateDirectory, "consent.signed");

export async function* exportBox(
  options: BoxExportOptions,
  signal: AbortSignal,
): AsyncGenerator<WrittenItem> {
  const { config, signer, sharing, clock } = options;
  const { journal } = sharing;
  const { environment } = config;
  const writer = new ExportWriter();
  const at = toUnixSeconds(clock.wallMs());
  yield writer.header({ environment, subject: signer.publicKey, at });
  // What was served up to now should be in it; where that cannot be written, what could be is.
  journal.commit();
  for (const { bytes } of journal.records()) yield writer.entry({ kind: "message", bytes });
  for (const bytes of journal.acks()) yield writer.entry({ kind: "message", bytes });
  // An export without the household's word proves no less of what was served.
  const consent = readSignedFile(consentFile(config["box.state_dir"]));
  if (consent) yield writer.entry({ kind: "message", bytes: consent });
  for await (const entry of fromCoordinator(options, signal)) yield writer.entry(entry);
  yield writer.end();
}

/** Prices, statements, lines and proofs; nothing when the coordinator does not answer at all. */
async function* fromCoordinator(
  options: BoxExportOptions,
  signal: AbortSignal,
): AsyncGenerator<ExportEntry> {
  const { signer, wallet, config, sharing, log } = options;
  const { client } = sharing.contact;
  let answered = false;
  try {
    const { prices: lists, successions } = await client.info(signal);
    for (const bytes of successions) yield { kind: "message", bytes };
    for (const prices of lists) yield { kind: "prices", prices };
    if (wallet !== signer.publicKey) return;
    const isNew = onceOnly();
    for await (const entry of accountEntries({ ...options, client, ...config }, isNew, signal)) {
      answered = true;
      yield entry;
    }
    // What the coordinator showed before, should it tell something else now.
    const bytes = readSignedFile(statementFile(config["box.state_dir"]));
    if (bytes) yield* [{ kind: "message", bytes } as const].filter(isNew);
  } catch (fault) {
    // Half an account would look like one from which lines were left out.
    if (answered) throw fault;
    log.notice("exported without the coordinator", { reason: reasonOf(fault) });
  }
}
