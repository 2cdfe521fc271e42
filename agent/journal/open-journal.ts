/** Where a journal comes from: its file, continued or begun anew, or the word that there can be none. */
import { FloorFile } from "./floor.ts";
import { type Journal, type JournalOptions, journalLimits } from "./journal.ts";
import { openStore } from "./open-store.ts";
import { startFrom } from "./start.ts";
import { StoredJournal } from "./stored-journal.ts";
import { UnavailableJournal } from "./unavailable-journal.ts";

/**
 * Opens or makes the journal; dispose it last, it then makes everything durable. Throws an
 * OperatorError when another process has it open; any other trouble shows in its state.
 */
export function openJournal(options: JournalOptions): Journal {
  const { directory, signer, log } = options;
  const limits = { ...journalLimits, ...options.limits };
  const floor = new FloorFile(options.floorPath);
  const opened = openStore(directory, signer.publicKey, options.openDatabase);
  if (opened.state === "unavailable") return unavailable(options, opened.reason);
  if (opened.aside) log.error("journal put aside", opened.aside);
  const outcome = startFrom(opened, floor, options);
  if (outcome.state === "unavailable") {
    opened.store.close();
    return unavailable(options, outcome.reason);
  }
  const { newGeneration: why, chain } = outcome.start;
  if (why !== undefined)
    log.notice("new generation of records", { generation: chain.generation, why });
  return new StoredJournal({ ...options, limits, floor, opened, start: outcome.start });
}

function unavailable(options: JournalOptions, reason: string): Journal {
  options.log.error("journal unavailable", { reason });
  return new UnavailableJournal(options, reason);
}
