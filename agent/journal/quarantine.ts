/** Where a journal that cannot be used is kept as it is, for people to look at. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

export const JOURNAL_FILE = "journal.sqlite";
export const LOG_FILE = `${JOURNAL_FILE}-wal`;
const FILES = [JOURNAL_FILE, LOG_FILE, `${JOURNAL_FILE}-shm`];
/** Copies kept; failing flash must not fill itself with them. */
const MOST_COPIES = 5;

/** The newest directory that `putAside` made, if any. */
export function newestAside(directory: string): string | undefined {
  const newest = numbersOf(directory).at(-1);
  return newest === undefined ? undefined : join(directory, `damaged-${newest}`);
}

/** Moves the journal's files into a numbered directory beside them and returns its path. */
export function putAside(directory: string): string {
  const numbers = numbersOf(directory);
  const path = join(directory, `damaged-${(numbers.at(-1) ?? 0) + 1}`);
  mkdirSync(path, { mode: 0o700 });
  for (const file of FILES) {
    if (existsSync(join(directory, file))) renameSync(join(directory, file), join(path, file));
  }
  for (const number of numbers.slice(0, -(MOST_COPIES - 1))) {
    rmSync(join(directory, `damaged-${number}`), { recursive: true });
  }
  return path;
}

const numbersOf = (directory: string) =>
  readdirSync(directory)
    .flatMap((name) => /^damaged-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
