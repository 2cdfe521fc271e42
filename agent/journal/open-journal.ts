/** Where a journal comes from: its file, continued or begun anew, or the word that there can be none. */
import { type Id, toHex } from "../core/encoding.ts";
import { OperatorError } from "../core/errors.ts";
import { FloorFile } from "./floor.ts";
import { type Journal, type JournalOptions, journalLimits } from "./journal.ts";
import { MendingJournal, type OpenedJournal } from "./mending-journal.ts";
import { openStore } from "./open-store.ts";
import { startFrom } from "./start.ts";
import { StoredJournal } from "./stored-journal.ts";
import { UnavailableJournal } from "./unavailable-journal.ts";

/**
 * Opens or makes the journal; dispose it last, it then makes everything durable. Throws an
 * OperatorError when another process has it open; any other trouble shows in its state, and while it
 * runs it is opened again once that is over.
 */
export function openJournal(options: JournalOptions): Journal {
  const bootId = toHex(options.random.bytes(16)) as Id;
  let first = true;
  return new MendingJournal(options, () => {
    try {
      return openOnce(options, bootId);
    } catch (fault) {
      if (first || !(fault instanceof OperatorError)) throw fault;
      return new UnavailableJournal(bootId, fault.message);
    } finally {
      first = false;
    }
  });
}

function openOnce(options: JournalOptions, bootId: Id): OpenedJournal {
  const { directory, signer, log } = options;
  const limits = { ...journalLimits, ...options.limits };
  const floor = new FloorFile(options.floorPath);
  const unavailable = (reason: string) => {
    log.error("journal unavailable", { reason });
    return new UnavailableJournal(bootId, reason);
  };
  const opened = openStore(directory, signer.publicKey, options.openDatabase);
  if (opened.state === "unavailable") return unavailable(opened.reason);
  if (opened.aside) log.error("journal put aside", opened.aside);
  const outcome = startFrom(opened, floor, options);
  if (outcome.state === "unavailable") {
    opened.store.close();
    return unavailable(outcome.reason);
  }
  const { newGeneration: why, chain } = outcome.start;
  if (why !== undefined)
    log.notice("new generation of records", { generation: chain.generation, why });
  return new StoredJournal({ ...options, bootId, limits, floor, opened, start: outcome.start });
}
