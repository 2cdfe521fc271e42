/** The two things on a box's storage that sharing stands on: its content, and its journal. */
import { join } from "node:path";
import type { ClockQuality } from "../accounting/messages.ts";
import type { Config } from "../config.ts";
import { ContentStore } from "../content/store.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { type Milliseconds, seconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { Figures, Journal } from "../journal/journal.ts";
import { openJournal } from "../journal/open-journal.ts";
import { openSqlite } from "../journal/sqlite.ts";

export interface StorageOptions {
  readonly config: Config;
  readonly signer: Signer;
  readonly clockQuality: () => ClockQuality;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function openContent({ config, clock, log }: StorageOptions): Promise<ContentStore> {
  return ContentStore.open({
    directory: join(config["box.state_dir"], "content"),
    capacity: config["content.capacity"],
    dailyWrites: config["content.daily_writes"],
    environment: config.environment,
    clock,
    log,
  });
}

/** @param figures what was measured from a moment until now. */
export function openBoxJournal(
  { config, signer, clockQuality, clock, random, log }: StorageOptions,
  figures: (since: Milliseconds) => Figures,
): Journal {
  const { environment } = config;
  const directory = config["box.state_dir"];
  return openJournal({
    directory: join(directory, "journal"),
    floorPath: join(directory, "identity", "sequence-floor"),
    signer,
    environment,
    openDatabase: openSqlite,
    clock,
    clockQuality,
    figures,
    random,
    log,
    // A developer wants to see the record now; flash is spared where there are households.
    ...(environment === "dev" && { limits: { latest: seconds(1), latestKept: seconds(1) } }),
  });
}
