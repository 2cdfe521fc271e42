/**
 * One process to one state directory. The lock is SQLite's on a file of its own: the kernel lets it go
 * with the process, however that ends, so nothing stale is ever left behind.
 */
import { join } from "node:path";
import { errnoOf, exitCode, OperatorError, reasonOf } from "./errors.ts";
import { openSqlite } from "./sqlite.ts";

/** Held until it is disposed. @param what whose directory it is, for people: "coordinator". */
export function lockState(directory: string, what: string): Disposable {
  const path = join(directory, "lock");
  try {
    const held = openSqlite(path, { timeout: 0 });
    try {
      held.exec("BEGIN EXCLUSIVE");
    } catch (fault) {
      held.close();
      throw fault;
    }
    return { [Symbol.dispose]: () => void held.close() };
  } catch (cause) {
    throw new OperatorError(exitCode.unavailable, sentence(cause, directory, path, what), {
      cause,
    });
  }
}

const sentence = (fault: unknown, directory: string, path: string, what: string) =>
  errnoOf(fault) === "SQLITE_BUSY"
    ? `Another spareband ${what} uses the state directory ${directory}: stop it, or give this one a directory of its own.`
    : `Cannot lock the ${what}'s state directory by ${path} (${reasonOf(fault)}): make the directory writable for this user, or remove what is there under that name.`;
