/** What a box's state directory tells of its identity and of who uses it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, exitCode, OperatorError } from "../core/errors.ts";
import { openSqlite } from "../core/sqlite.ts";

const journalIn = (stateDirectory: string) => join(stateDirectory, "journal", "journal.sqlite");

/** A journal proves that this device had a key: one that is missing beside it is lost, not new. */
export const journalExists = (stateDirectory: string): boolean =>
  existsSync(journalIn(stateDirectory));

/** Of what a box makes in its first second one is left, whatever became of the others. */
const MADE_BY_A_BOX = [
  join("identity", "box.key"),
  join("identity", "box.enrolled"),
  join("journal", "journal.sqlite"),
  "household.json",
  "status-token",
];

/** False for a directory that a mistake in the configuration may have led to. */
export const isBoxState = (directory: string): boolean =>
  MADE_BY_A_BOX.some((file) => existsSync(join(directory, file)));

/**
 * Throws while a box runs on this directory, which it shows by the lock on its journal. A journal that
 * cannot be opened is nobody's.
 */
export function requireStopped(stateDirectory: string): void {
  if (!journalExists(stateDirectory)) return;
  try {
    const journal = openSqlite(journalIn(stateDirectory), { timeout: 0 });
    try {
      journal.exec("BEGIN EXCLUSIVE; ROLLBACK");
    } finally {
      journal.close();
    }
  } catch (cause) {
    if (errnoOf(cause) !== "SQLITE_BUSY") return;
    throw new OperatorError(
      exitCode.unavailable,
      `a box runs on ${stateDirectory}: stop it first (systemctl stop spareband-box)`,
      { cause },
    );
  }
}
