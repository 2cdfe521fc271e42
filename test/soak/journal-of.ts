import { join } from "node:path";
import { silentLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import type { Signer } from "../../agent/identity/ed25519.ts";
import type { Journal } from "../../agent/journal/journal.ts";
import { openJournal } from "../../agent/journal/open-journal.ts";
import { openSqlite } from "../../agent/journal/sqlite.ts";
import { environment } from "./deployment.ts";

/** The journal of a box that has stopped. */
export const journalOf = (state: string, signer: Signer): Journal =>
  openJournal({
    directory: join(state, "journal"),
    floorPath: join(state, "identity", "sequence-floor"),
    signer,
    environment,
    openDatabase: openSqlite,
    clock: systemClock,
    clockQuality: () => "synchronised",
    random: systemRandom,
    log: silentLog,
  });
