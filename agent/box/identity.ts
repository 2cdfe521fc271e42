import { existsSync } from "node:fs";
import { join } from "node:path";

/** A journal proves that this device had a key: one that is missing beside it is lost, not new. */
export const journalExists = (stateDirectory: string): boolean =>
  existsSync(join(stateDirectory, "journal", "journal.sqlite"));
